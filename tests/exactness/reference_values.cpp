#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "exactness/reference_run.hpp"
#include "tensor/encoding.hpp"

namespace lacuna::reference {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

// Input code of output pixel (y, x), reduction index k of a group; 0 in the padding.
int input_code(const network::Layer& layer, const Codes& map, std::int64_t y, std::int64_t x,
               std::int64_t group, std::int64_t k) {
  const std::int64_t tap = k / layer.group_in();
  const std::int64_t in_y =
      y * layer.window.stride_h - layer.window.pad_top + tap / layer.window.kernel_w;
  const std::int64_t in_x =
      x * layer.window.stride_w - layer.window.pad_left + tap % layer.window.kernel_w;
  if (in_y < 0 || in_y >= layer.in.height || in_x < 0 || in_x >= layer.in.width) return 0;
  const std::int64_t channel = group * layer.group_in() + k % layer.group_in();
  return map[at((in_y * layer.in.width + in_x) * layer.in.channels + channel)];
}

Codes max_pool(const network::Layer& layer, const Codes& map) {
  Codes out(at(layer.out.values()));
  for (std::int64_t y = 0; y < layer.out.height; ++y) {
    for (std::int64_t x = 0; x < layer.out.width; ++x) {
      for (std::int64_t c = 0; c < layer.out.channels; ++c) {
        std::uint8_t most = 0;
        for (int ky = 0; ky < layer.window.kernel_h; ++ky) {
          for (int kx = 0; kx < layer.window.kernel_w; ++kx) {
            const std::int64_t in_y = y * layer.window.stride_h - layer.window.pad_top + ky;
            const std::int64_t in_x = x * layer.window.stride_w - layer.window.pad_left + kx;
            if (in_y < 0 || in_y >= layer.in.height || in_x < 0 || in_x >= layer.in.width) continue;
            most = std::max(most, map[at((in_y * layer.in.width + in_x) * layer.in.channels + c)]);
          }
        }
        out[at((y * layer.out.width + x) * layer.out.channels + c)] = most;
      }
    }
  }
  return out;
}

// Rounded by the library's function in its default mode, to the nearest and ties to even.
Codes average_pool(const network::Layer& layer, const Codes& map, int bits) {
  Codes out;
  for (std::int64_t y = 0; y < layer.out.height; ++y) {
    for (std::int64_t x = 0; x < layer.out.width; ++x) {
      for (std::int64_t c = 0; c < layer.out.channels; ++c) {
        int sum = 0;
        for (std::int64_t tap = 0; tap < layer.window.kernel_h * layer.window.kernel_w; ++tap) {
          const std::int64_t in_y = y * layer.window.stride_h + tap / layer.window.kernel_w;
          const std::int64_t in_x = x * layer.window.stride_w + tap % layer.window.kernel_w;
          sum += map[at((in_y * layer.in.width + in_x) * layer.in.channels + c)];
        }
        const float rounded = std::nearbyint(static_cast<float>(sum) * layer.scale.at(0));
        out.push_back(
            static_cast<std::uint8_t>(std::min(rounded, static_cast<float>((1 << bits) - 1))));
      }
    }
  }
  return out;
}

// Layer after layer; `sums` gives the unbiased sums of a GEMM layer, [image][pixel][channel].
template <class Sums>
Values run_layers(const network::Network& network, const std::vector<Codes>& images, Sums sums) {
  Values values;
  values.maps.push_back(images);
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer& layer = network.layers[i];
    std::vector<Codes> out;
    const std::vector<Codes>& in = values.maps[at(layer.input())];
    if (!layer.is_gemm()) {
      for (const Codes& map : in) {
        out.push_back(layer.kind == network::LayerKind::kMaxPool
                          ? max_pool(layer, map)
                          : average_pool(layer, map, network.activation_bits()));
      }
    } else {
      std::vector<std::vector<std::uint32_t>> all = sums(i, in);
      values.last.clear();
      for (std::vector<std::uint32_t>& image : all) {
        Codes codes(image.size());
        for (std::size_t v = 0; v < image.size(); ++v) {
          const std::size_t channel = v % at(layer.out.channels);
          const auto sum =
              static_cast<std::int32_t>(image[v] + static_cast<std::uint32_t>(layer.bias[channel]));
          values.last.push_back(sum);
          float scaled = static_cast<float>(sum) * layer.scale[channel];
          if (layer.residual() >= 0) {
            const float other =
                static_cast<float>(values.maps[at(layer.residual())][out.size()][v]) *
                layer.residual_scale;
            scaled = scaled + other;
          }
          const auto top = static_cast<float>((1 << network.activation_bits()) - 1);
          const float kept = scaled > layer.bounds.threshold ? scaled : 0.0F;
          codes[v] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(kept), 0.0F, top));
        }
        out.push_back(std::move(codes));
      }
    }
    values.maps.push_back(std::move(out));
  }
  return values;
}

}  // namespace

Values evaluate(const network::Network& network, const std::vector<Codes>& images) {
  return run_layers(network, images, [&](std::size_t index, const std::vector<Codes>& in) {
    const network::Layer& layer = network.layers[index];
    std::vector<std::vector<std::uint32_t>> sums;
    for (const Codes& map : in) {
      std::vector<std::uint32_t> image(at(layer.out.values()));
      for (std::int64_t y = 0; y < layer.out.height; ++y) {
        for (std::int64_t x = 0; x < layer.out.width; ++x) {
          for (std::int64_t n = 0; n < layer.out.channels; ++n) {
            std::uint32_t& sum = image[at((y * layer.out.width + x) * layer.out.channels + n)];
            for (std::int64_t k = 0; k < layer.k(); ++k) {
              sum += static_cast<std::uint32_t>(input_code(layer, map, y, x, n / layer.n(), k) *
                                                layer.weights[at(n * layer.k() + k)]);
            }
          }
        }
      }
      sums.push_back(std::move(image));
    }
    return sums;
  });
}

Values evaluate_faulty(const network::Network& network, const std::vector<Codes>& images,
                       const schedule::Schedule& schedule, const FaultyLoads& loads) {
  return run_layers(network, images, [&](std::size_t index, const std::vector<Codes>& in) {
    const network::Layer& layer = network.layers[index];
    std::vector<std::vector<std::uint32_t>> sums(
        in.size(), std::vector<std::uint32_t>(at(layer.out.values())));
    std::vector<std::size_t> held(2, 0);  // PE load that filled each register set
    for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
      const schedule::Step& step = schedule.steps[id];
      if (step.kind == schedule::StepKind::kLoadPe) held[at(step.set)] = id;
      if (step.kind != schedule::StepKind::kStream || step.layer != static_cast<int>(index)) {
        continue;
      }
      const schedule::Block& block = schedule.blocks[at(step.block)];
      const schedule::PixelRange& range = schedule.ranges[at(step.range)];
      const auto& weights = loads.weights[held[at(step.set)]];
      for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
        const std::size_t image = at(row / layer.out.height);
        const std::int64_t y = row % layer.out.height;
        for (std::int64_t x = 0; x < layer.out.width; ++x) {
          for (std::int64_t k = 0; k < block.k_count; ++k) {
            const int code = input_code(layer, in[image], y, x, block.group, block.k_begin + k);
            for (std::int64_t n = 0; n < block.n_count; ++n) {
              const std::int64_t channel = block.group * layer.n() + block.n_begin + n;
              sums[image][at((y * layer.out.width + x) * layer.out.channels + channel)] +=
                  static_cast<std::uint32_t>(code * weights[at(k)][at(n)]);
            }
          }
        }
      }
    }
    return sums;
  });
}

FaultyLoads read_with_faults(const schedule::Schedule& schedule, const network::Network& network,
                             const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan) {
  const int bits = spec.precision.weight_bits;
  const std::int64_t per_word = spec.weight_sram.word_bits / bits;
  const std::int64_t banks = spec.weight_sram.banks;
  FaultyLoads result;
  result.weights.resize(schedule.steps.size());
  result.outcomes.resize(plan.faults.size());
  std::vector<std::vector<bool>> cells;  // [word][bit], as stored
  std::vector<bool> pending(plan.faults.size(), true);
  std::vector<bool> struck(plan.faults.size(), false);

  // Visits the codes of a block where it lies: (k, n, word, first bit).
  const auto for_codes = [&](const schedule::Step& step, auto visit) {
    const schedule::Block& block = schedule.blocks[at(step.block)];
    const std::int64_t words = (block.n_count + per_word - 1) / per_word;
    for (std::int64_t k = 0; k < block.k_count; ++k) {
      for (std::int64_t n = 0; n < block.n_count; ++n) {
        const std::int64_t word = step.address + k * words + n / per_word;
        if (at(word) >= cells.size()) {
          cells.resize(at(word) + 1, std::vector<bool>(at(spec.weight_sram.word_bits)));
        }
        visit(k, n, word, n % per_word * bits);
      }
    }
  };
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> by_cell;
  for (std::size_t f = 0; f < plan.faults.size(); ++f) {
    const memory::CellPosition& cell = plan.faults[f].cell;
    by_cell[{cell.row * banks + cell.bank, cell.bit}].push_back(f);
  }
  const auto for_faults = [&](std::int64_t word, std::int64_t bit, auto visit) {
    const auto found = by_cell.find({word, bit});
    if (found == by_cell.end()) return;
    for (const std::size_t f : found->second) visit(f);
  };
  const auto write = [&](const schedule::Step& step, std::int64_t id) {
    const schedule::Block& block = schedule.blocks[at(step.block)];
    const network::Layer& layer = network.layers[at(block.layer)];
    for_codes(step, [&](std::int64_t k, std::int64_t n, std::int64_t word, std::int64_t first) {
      const std::int64_t channel = block.group * layer.n() + block.n_begin + n;
      const std::uint8_t code =
          tensor::encode(layer.weights[at(channel * layer.k() + block.k_begin + k)], bits,
                         spec.weight_sram.encoding);
      for (std::int64_t bit = 0; bit < bits; ++bit) {
        for_faults(word, first + bit, [&](std::size_t f) {
          if (plan.faults[f].step == memory::kPermanent) return;
          if (pending[f] && plan.faults[f].step <= id) {
            pending[f] = false;
            result.outcomes[f].overwritten = true;
          }
          struck[f] = false;
        });
        cells[at(word)][at(first + bit)] = ((code >> bit) & 1) != 0;
      }
    });
  };
  for (const schedule::Step& step : schedule.setup) write(step, -1);
  for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
    const schedule::Step& step = schedule.steps[id];
    const auto now = static_cast<std::int64_t>(id);
    if (step.kind == schedule::StepKind::kLoadWeights) write(step, now);
    if (step.kind != schedule::StepKind::kLoadPe) continue;
    const schedule::Block& block = schedule.blocks[at(step.block)];
    auto& weights = result.weights[id];
    weights.assign(at(block.k_count), std::vector<int>(at(block.n_count)));
    for_codes(step, [&](std::int64_t k, std::int64_t n, std::int64_t word, std::int64_t first) {
      int code = 0;
      for (std::int64_t bit = 0; bit < bits; ++bit) {
        bool stuck = false;
        std::vector<std::size_t> flips;
        for_faults(word, first + bit, [&](std::size_t f) {
          const fault::Fault& fault = plan.faults[f];
          stuck = stuck || fault.kind != memory::FaultKind::kFlip;
          if (fault.step == memory::kPermanent) return;
          if (pending[f] && fault.step <= now) {
            pending[f] = false;
            struck[f] = true;
            cells[at(word)][at(first + bit)] = !cells[at(word)][at(first + bit)];
          }
          if (struck[f]) flips.push_back(f);
        });
        bool value = cells[at(word)][at(first + bit)];
        if (!stuck) {
          for (const std::size_t f : flips) ++result.outcomes[f].reads_changed;
        }
        for_faults(word, first + bit, [&](std::size_t f) {
          const fault::Fault& fault = plan.faults[f];
          if (fault.step != memory::kPermanent) return;
          const bool read = fault.kind == memory::FaultKind::kStuckAt0   ? false
                            : fault.kind == memory::FaultKind::kStuckAt1 ? true
                                                                         : !value;
          if (read != value) ++result.outcomes[f].reads_changed;
          value = read;
        });
        code |= (value ? 1 : 0) << bit;
      }
      weights[at(k)][at(n)] =
          tensor::decode(static_cast<std::uint8_t>(code), bits, spec.weight_sram.encoding);
    });
  }
  return result;
}

}  // namespace lacuna::reference
