#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "exactness/reference_run.hpp"
#include "reference/naive_post.hpp"
#include "tensor/encoding.hpp"

namespace lacuna::reference {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

// Input operand of output pixel (y, x), reduction index k of a group; 0 in the padding.
int input_operand(const network::Layer& layer, const Operands& map, std::int64_t y, std::int64_t x,
                  std::int64_t group, std::int64_t k) {
  const std::int64_t tap = k / layer.group_in();
  std::int64_t in_y = y * layer.window.stride_h - layer.window.pad_top +
                      tap / layer.window.kernel_w * layer.window.dilation_h;
  std::int64_t in_x = x * layer.window.stride_w - layer.window.pad_left +
                      tap % layer.window.kernel_w * layer.window.dilation_w;
  if (in_y < 0 || in_x < 0) return 0;
  if (in_y % layer.window.insert_h != 0 || in_x % layer.window.insert_w != 0) return 0;
  in_y /= layer.window.insert_h;
  in_x /= layer.window.insert_w;
  if (in_y >= layer.in.height || in_x >= layer.in.width) return 0;
  const std::int64_t channel = group * layer.group_in() + k % layer.group_in();
  return map[at((in_y * layer.in.width + in_x) * layer.in.channels + channel)];
}

// The input rows (columns) under an output row (column); what lies outside or between is not among
// them.
std::vector<std::int64_t> under(std::int64_t out, int kernel, int stride, int before, int dilation,
                                std::int64_t side) {
  std::vector<std::int64_t> found;
  for (int k = 0; k < kernel; ++k) {
    const std::int64_t place = out * stride - before + std::int64_t{k} * dilation;
    if (place >= 0 && place < side) found.push_back(place);
  }
  return found;
}

// An element-wise layer; of one map without tables, the operands themselves.
Operands transformed(const network::Network& network, const network::Layer& layer,
                     const std::vector<const Operands*>& maps) {
  if (maps.size() == 1 && layer.tables.empty()) return *maps.front();
  Operands out;
  for (std::int64_t pixel = 0; pixel < layer.out.height * layer.out.width; ++pixel) {
    for (std::int64_t c = 0; c < layer.out.channels; ++c) {
      int operands[2] = {0, 0};
      for (std::size_t i = 0; i < maps.size(); ++i) {
        const network::MapShape& shape = network.maps[at(layer.inputs[i])].shape;
        const bool one_pixel = shape.height == 1 && shape.width == 1;
        const std::int64_t channel = shape.channels == 1 ? 0 : c;
        operands[i] = (*maps[i])[at((one_pixel ? 0 : pixel) * shape.channels + channel)];
      }
      out.push_back(elementwise_value(network, layer, c, operands));
    }
  }
  return out;
}

Operands resized(const network::Network& network, const network::Layer& layer,
                 const Operands& map) {
  Operands out;
  for (const network::Sample& row : layer.sample_rows) {
    for (const network::Sample& column : layer.sample_columns) {
      for (std::int64_t c = 0; c < layer.out.channels; ++c) {
        const auto operand = [&](std::int64_t y, std::int64_t x) {
          return map[at((y * layer.in.width + x) * layer.in.channels + c)];
        };
        const int corners[4] = {operand(row.first, column.first), operand(row.first, column.second),
                                operand(row.second, column.first),
                                operand(row.second, column.second)};
        out.push_back(resized_value(network, layer, row, column, corners));
      }
    }
  }
  return out;
}

Operands pooled(const network::Layer& layer, const Operands& map) {
  const network::Window& w = layer.window;
  Operands out;
  for (std::int64_t y = 0; y < layer.out.height; ++y) {
    const auto rows = under(y, w.kernel_h, w.stride_h, w.pad_top, w.dilation_h, layer.in.height);
    for (std::int64_t x = 0; x < layer.out.width; ++x) {
      const auto columns =
          under(x, w.kernel_w, w.stride_w, w.pad_left, w.dilation_w, layer.in.width);
      for (std::int64_t c = 0; c < layer.out.channels; ++c) {
        int most = std::numeric_limits<std::int16_t>::min();
        int sum = 0;
        for (const std::int64_t in_y : rows) {
          for (const std::int64_t in_x : columns) {
            const int operand = map[at((in_y * layer.in.width + in_x) * layer.in.channels + c)];
            most = std::max(most, operand);
            sum += operand;
          }
        }
        out.push_back(layer.kind == network::LayerKind::kMaxPool ? most
                                                                 : average_value(layer, y, x, sum));
      }
    }
  }
  return out;
}

// The outputs of an image into the channels that are theirs.
void put(const Operands& out, const network::Layer& layer, const network::MapShape& shape,
         Operands& map) {
  map.resize(at(shape.values()));
  for (std::size_t v = 0; v < out.size(); ++v) {
    const std::int64_t pixel = static_cast<std::int64_t>(v) / layer.out.channels;
    const std::int64_t channel = static_cast<std::int64_t>(v) % layer.out.channels;
    map.at(at(pixel * shape.channels + channel + layer.output_channel)) = out[v];
  }
}

// Bytes as integers, less the zero point.
Operands operands_of(const Codes& codes, const tensor::Code& code) {
  Operands operands;
  for (const std::uint8_t pattern : codes) {
    const bool negative = code.is_signed() && pattern >= 128;
    operands.push_back(pattern - (negative ? 256 : 0) - code.zero_point);
  }
  return operands;
}

// Layer after layer; `sums` gives the unbiased sums of a GEMM layer, [image][pixel][channel].
template <class Sums>
Values run_layers(const network::Network& network, const std::vector<Codes>& images, Sums sums) {
  Values values;
  values.maps.resize(network.maps.size());
  values.sums.resize(network.layers.size());
  for (const Codes& image : images) {
    values.maps[0].push_back(operands_of(image, network.maps[0].code));
  }
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer& layer = network.layers[i];
    std::vector<Operands> out;
    const std::vector<Operands>& in = values.maps[at(layer.inputs[0])];
    if (!layer.is_gemm()) {
      for (std::size_t image = 0; image < in.size(); ++image) {
        std::vector<const Operands*> maps;
        for (const int map : layer.inputs) maps.push_back(&values.maps[at(map)][image]);
        out.push_back(
            layer.kind == network::LayerKind::kElementwise ? transformed(network, layer, maps)
            : layer.kind == network::LayerKind::kResize    ? resized(network, layer, in[image])
                                                           : pooled(layer, in[image]));
      }
    } else {
      std::vector<std::vector<std::uint32_t>> all = sums(i, in);
      values.last.clear();
      for (std::vector<std::uint32_t>& image : all) {
        Operands operands;
        std::vector<std::int32_t> own_sums;
        for (std::size_t v = 0; v < image.size(); ++v) {
          const std::size_t channel = v % at(layer.out.channels);
          const auto sum =
              static_cast<std::int32_t>(image[v] + static_cast<std::uint32_t>(layer.bias[channel]));
          values.last.push_back(sum);
          own_sums.push_back(sum);
          const int second =
              layer.inputs.size() > 1 ? values.maps[at(layer.inputs[1])][out.size()][v] : 0;
          if (layer.logits) continue;
          operands.push_back(
              network.maps[at(layer.output)].sums
                  ? sum
                  : post_value(network, layer, static_cast<std::int64_t>(channel), sum, second));
        }
        out.push_back(std::move(operands));
        values.sums[i].push_back(std::move(own_sums));
      }
    }
    if (layer.output < 0) continue;
    std::vector<Operands>& written = values.maps[at(layer.output)];
    written.resize(out.size());
    for (std::size_t image = 0; image < out.size(); ++image) {
      put(out[image], layer, network.maps[at(layer.output)].shape, written[image]);
    }
  }
  return values;
}

}  // namespace

Values evaluate(const network::Network& network, const std::vector<Codes>& images) {
  return run_layers(network, images, [&](std::size_t index, const std::vector<Operands>& in) {
    const network::Layer& layer = network.layers[index];
    std::vector<std::vector<std::uint32_t>> sums;
    for (const Operands& map : in) {
      std::vector<std::uint32_t> image(at(layer.out.values()));
      for (std::int64_t y = 0; y < layer.out.height; ++y) {
        for (std::int64_t x = 0; x < layer.out.width; ++x) {
          for (std::int64_t n = 0; n < layer.out.channels; ++n) {
            std::uint32_t& sum = image[at((y * layer.out.width + x) * layer.out.channels + n)];
            for (std::int64_t k = 0; k < layer.k(); ++k) {
              sum += static_cast<std::uint32_t>(input_operand(layer, map, y, x, n / layer.n(), k) *
                                                layer.operand(n, k));
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
  return run_layers(network, images, [&](std::size_t index, const std::vector<Operands>& in) {
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
            const int operand =
                input_operand(layer, in[image], y, x, block.group, block.k_begin + k);
            for (std::int64_t n = 0; n < block.n_count; ++n) {
              const std::int64_t channel = block.group * layer.n() + block.n_begin + n;
              sums[image][at((y * layer.out.width + x) * layer.out.channels + channel)] +=
                  static_cast<std::uint32_t>(operand * weights[at(k)][at(n)]);
            }
          }
        }
      }
    }
    return sums;
  });
}

namespace {

int zero_point(const network::Layer& layer, std::int64_t channel) {
  return layer.weight_code.zero_points.empty() ? 0 : layer.weight_code.zero_points[at(channel)];
}

}  // namespace

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
      const int number = layer.operand(channel, block.k_begin + k) + zero_point(layer, channel);
      const int code = layer.weight_code.is_signed
                           ? tensor::encode(number, bits, spec.weight_sram.encoding)
                           : number;
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
      const network::Layer& layer = network.layers[at(block.layer)];
      const int number =
          layer.weight_code.is_signed
              ? tensor::decode(static_cast<std::uint8_t>(code), bits, spec.weight_sram.encoding)
              : code;
      weights[at(k)][at(n)] =
          number - zero_point(layer, block.group * layer.n() + block.n_begin + n);
    });
  }
  return result;
}

}  // namespace lacuna::reference
