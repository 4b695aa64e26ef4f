#include "unit/schedule/hand_schedules.hpp"

#include "unit/network/stack.hpp"

namespace lacuna::schedule::testing {
namespace {

// 3 x 2 PEs of 4 weights; 8-bit weight words of two 4-bit weights; 16-bit activation words of four
// 4-bit values.
arch::AcceleratorSpec machine() {
  arch::AcceleratorSpec spec;
  spec.array.rows = 3;
  spec.array.cols = 2;
  spec.array.weights_per_pe = 4;
  spec.array.psum_fifo_depth = 2;
  spec.weight_sram.word_bits = 8;
  spec.weight_sram.banks = 2;
  spec.activation_sram.word_bits = 16;
  spec.activation_sram.banks = 2;
  spec.precision.weight_bits = 4;
  spec.precision.activation_bits = 4;
  return spec;
}

network::Layer layer(const char* name, int input, network::MapShape in, network::MapShape out,
                     network::Window window) {
  network::Layer l;
  l.name = name;
  l.inputs = {input};
  l.in = in;
  l.out = out;
  l.window = window;
  return l;
}

class StepList {
 public:
  explicit StepList(std::vector<Step>& steps) : steps_(steps) {}

  // Waits name steps; each goes to the place of its resource.
  void add(Step step, std::initializer_list<StepId> waits) {
    for (const StepId wait : waits) {
      const Resource resource = resource_of(steps_[static_cast<std::size_t>(wait)].kind);
      step.waits[static_cast<std::size_t>(resource)] = wait;
    }
    steps_.push_back(step);
  }
  void load_weights(int layer, int block, std::int64_t address,
                    std::initializer_list<StepId> waits) {
    Step s = blank(StepKind::kLoadWeights, layer);
    s.block = block;
    s.address = address;
    add(s, waits);
  }
  void load_map(int layer, MapRows rows, int region, std::initializer_list<StepId> waits) {
    Step s = blank(StepKind::kLoadActivations, layer);
    s.rows = rows;
    s.output = region;
    add(s, waits);
  }
  void store_map(int layer, MapRows rows, int region, std::initializer_list<StepId> waits) {
    Step s = blank(StepKind::kStoreActivations, layer);
    s.rows = rows;
    s.input = region;
    add(s, waits);
  }
  void load_pe(int layer, int block, std::int64_t address, int set, StepId after_start,
               std::initializer_list<StepId> waits) {
    Step s = blank(StepKind::kLoadPe, layer);
    s.block = block;
    s.address = address;
    s.set = set;
    s.after_start = after_start;
    add(s, waits);
  }
  void stream(int layer, int block, int range, int region, int set, std::int64_t entry, bool first,
              std::initializer_list<StepId> waits) {
    Step s = blank(StepKind::kStream, layer);
    s.block = block;
    s.range = range;
    s.input = region;
    s.set = set;
    s.address = entry;
    s.first_pass = first;
    add(s, waits);
  }
  void post(int layer, int block, int range, int region, std::int64_t entry,
            std::initializer_list<StepId> waits) {
    Step s = blank(StepKind::kPost, layer);
    s.block = block;
    s.range = range;
    s.output = region;
    s.address = entry;
    add(s, waits);
  }
  void pool(int layer, int input, int output, std::initializer_list<StepId> waits) {
    Step s = blank(StepKind::kPool, layer);
    s.input = input;
    s.output = output;
    add(s, waits);
  }

 private:
  static Step blank(StepKind kind, int layer) {
    Step s;
    s.kind = kind;
    s.layer = layer;
    return s;
  }
  std::vector<Step>& steps_;
};

// Every region has all channels of its map, and every transfer moves them.
void take_all_channels(Case& c) {
  for (Region& region : c.schedule.regions) {
    region.channel_count = c.network.map(region.map).shape.channels;
  }
  for (Step& step : c.schedule.steps) {
    step.rows.channel_count = c.network.map(step.rows.map).shape.channels;
  }
}

constexpr bool kFirst = true;
constexpr bool kAdds = false;

}  // namespace

Case resident_case() {
  Case c;
  c.spec = machine();
  c.spec.weight_sram.capacity_bytes = 41;      // 41 words: 4 x 9 + 3 + 2
  c.spec.activation_sram.capacity_bytes = 44;  // 22 words, 88 slots
  c.spec.accumulators.entries_per_lane = 56;

  c.network.layers = {layer("conv", 0, {4, 4, 2}, {4, 4, 3}, {3, 3, 1, 1, 1, 1, 1, 1}),
                      layer("pool", 1, {4, 4, 3}, {2, 2, 3}, {2, 2, 2, 2, 0, 0, 0, 0}),
                      layer("point", 2, {2, 2, 3}, {2, 2, 2}, {1, 1, 1, 1, 0, 0, 0, 0}),
                      layer("overlap", 3, {2, 2, 2}, {1, 1, 2}, {2, 2, 1, 1, 0, 0, 0, 0}),
                      layer("fc", 4, {1, 1, 2}, {1, 1, 2}, {1, 1, 1, 1, 0, 0, 0, 0})};
  c.network.layers[1].kind = network::LayerKind::kMaxPool;
  c.network.layers[3].kind = network::LayerKind::kMaxPool;
  c.network.layers[4].kind = network::LayerKind::kFullyConnected;
  c.network.layers[4].logits = true;
  network::test::give_maps(c.network, {4, 4, 2}, 4, 4);

  Schedule& s = c.schedule;
  s.batch = 2;
  s.weights_resident = true;
  s.layers.resize(5);
  s.layers[0].fused_pool = 1;
  //           layer group pass  k      n
  s.blocks = {{0, 0, 0, 0, 9, 0, 2}, {0, 0, 1, 9, 9, 0, 2},  // conv, channels 0 and 1
              {0, 0, 0, 0, 9, 2, 1}, {0, 0, 1, 9, 9, 2, 1},  // conv, channel 2
              {2, 0, 0, 0, 3, 0, 2}, {4, 0, 0, 0, 2, 0, 2}};
  s.ranges = {{0, 0, 2}, {0, 2, 6}, {2, 0, 4}, {4, 0, 2}};
  s.regions = {{0, 0, 2, 0, 4, 0, 64},   // the input
               {2, 0, 2, 0, 2, 64, 24},  // pool
               {3, 0, 2, 0, 2, 0, 16},   // point, over the input
               {4, 0, 2, 0, 1, 64, 4}};  // overlap, over pool
  s.weight_words = 41;
  s.activation_slots = 88;
  s.accumulator_entries = 56;

  StepList setup(s.setup);
  const std::vector<std::int64_t> address = {0, 9, 18, 27, 36, 39};
  for (int b = 0; b < 6; ++b) {
    setup.load_weights(c.block(b).layer, b, address[static_cast<std::size_t>(b)], {});
  }
  StepList list(s.steps);
  list.load_map(0, {0, 0, 2, 0, 4}, 0, {});      // 0
  list.load_pe(0, 0, 0, 0, kNoStep, {});         // 1
  list.stream(0, 0, 0, 0, 0, 0, kFirst, {0});    // 2
  list.load_pe(0, 1, 9, 0, kNoStep, {});         // 3
  list.stream(0, 1, 0, 0, 0, 0, kAdds, {});      // 4
  list.post(0, 1, 0, 1, 0, {4});                 // 5
  list.load_pe(0, 2, 18, 0, kNoStep, {});        // 6
  list.stream(0, 2, 0, 0, 0, 32, kFirst, {});    // 7
  list.load_pe(0, 3, 27, 0, kNoStep, {});        // 8
  list.stream(0, 3, 0, 0, 0, 32, kAdds, {});     // 9
  list.post(0, 3, 0, 1, 32, {9});                // 10
  list.load_pe(0, 0, 0, 0, kNoStep, {});         // 11
  list.stream(0, 0, 1, 0, 0, 0, kFirst, {5});    // 12
  list.load_pe(0, 1, 9, 0, kNoStep, {});         // 13
  list.stream(0, 1, 1, 0, 0, 0, kAdds, {});      // 14
  list.post(0, 1, 1, 1, 0, {14});                // 15
  list.load_pe(0, 2, 18, 0, kNoStep, {});        // 16
  list.stream(0, 2, 1, 0, 0, 32, kFirst, {10});  // 17
  list.load_pe(0, 3, 27, 0, kNoStep, {});        // 18
  list.stream(0, 3, 1, 0, 0, 32, kAdds, {});     // 19
  list.post(0, 3, 1, 1, 32, {19});               // 20
  list.load_pe(2, 4, 36, 0, kNoStep, {});        // 21
  list.stream(2, 4, 2, 1, 0, 0, kFirst, {20});   // 22
  list.post(2, 4, 2, 2, 0, {22});                // 23
  list.pool(3, 2, 3, {23});                      // 24
  list.load_pe(4, 5, 39, 0, kNoStep, {});        // 25
  list.stream(4, 5, 3, 3, 0, 32, kFirst, {24});  // 26
  list.post(4, 5, 3, -1, 32, {26});              // 27
  take_all_channels(c);
  return c;
}

Case spilling_case() {
  Case c;
  c.spec = machine();
  c.spec.array.weight_load = arch::WeightLoad::kShadowed;
  c.spec.weight_sram.capacity_bytes = 28;      // 28 words
  c.spec.activation_sram.capacity_bytes = 36;  // 18 words, 72 slots
  c.spec.accumulators.entries_per_lane = 16;

  c.network.layers = {layer("first", 0, {4, 4, 2}, {4, 4, 3}, {1, 1, 1, 1, 0, 0, 0, 0}),
                      layer("second", 1, {4, 4, 3}, {4, 4, 2}, {3, 3, 1, 1, 1, 1, 1, 1})};
  c.network.layers[1].logits = true;
  network::test::give_maps(c.network, {4, 4, 2}, 4, 4);

  Schedule& s = c.schedule;
  s.layers.resize(2);
  s.blocks = {{0, 0, 0, 0, 2, 0, 2},
              {0, 0, 0, 0, 2, 2, 1},
              {1, 0, 0, 0, 12, 0, 2},
              {1, 0, 1, 12, 12, 0, 2},
              {1, 0, 2, 24, 3, 0, 2}};
  s.ranges = {{0, 0, 2}, {0, 2, 2}, {1, 0, 2}, {1, 2, 2}};
  s.regions = {{0, 0, 1, 0, 4, 0, 32},    // the input
               {1, 0, 1, 0, 2, 32, 24},   // first, rows 0 and 1
               {1, 0, 1, 2, 2, 32, 24},   // first, rows 2 and 3, over them
               {1, 0, 1, 0, 3, 0, 36},    // first, rows 0..2, for rows 0 and 1 of second
               {1, 0, 1, 1, 3, 36, 36}};  // first, rows 1..3, for rows 2 and 3 of second
  s.weight_words = 28;
  s.activation_slots = 72;
  s.accumulator_entries = 16;

  StepList list(s.steps);
  list.load_weights(0, 0, 0, {});                       // 0
  list.load_weights(0, 1, 2, {});                       // 1
  list.load_map(0, {0, 0, 1, 0, 4}, 0, {});             // 2
  list.load_pe(0, 0, 0, 0, kNoStep, {0});               // 3
  list.stream(0, 0, 0, 0, 0, 0, kFirst, {3, 2});        // 4
  list.load_pe(0, 1, 2, 1, 4, {1});                     // 5
  list.post(0, 0, 0, 1, 0, {4});                        // 6
  list.stream(0, 1, 0, 0, 1, 8, kFirst, {5});           // 7
  list.post(0, 1, 0, 1, 8, {7});                        // 8
  list.store_map(0, {1, 0, 1, 0, 2}, 1, {8});           // 9
  list.load_pe(0, 0, 0, 0, 7, {});                      // 10
  list.stream(0, 0, 1, 0, 0, 0, kFirst, {10, 6});       // 11
  list.load_pe(0, 1, 2, 1, 11, {});                     // 12
  list.post(0, 0, 1, 2, 0, {11, 9});                    // 13
  list.stream(0, 1, 1, 0, 1, 8, kFirst, {12, 8});       // 14
  list.post(0, 1, 1, 2, 8, {14});                       // 15
  list.store_map(0, {1, 0, 1, 2, 2}, 2, {15});          // 16
  list.load_weights(1, 2, 4, {});                       // 17
  list.load_weights(1, 3, 16, {});                      // 18
  list.load_weights(1, 4, 0, {12});                     // 19
  list.load_map(1, {1, 0, 1, 0, 3}, 3, {16, 14});       // 20
  list.load_map(1, {1, 0, 1, 1, 3}, 4, {16});           // 21
  list.load_pe(1, 2, 4, 0, 14, {17});                   // 22
  list.stream(1, 2, 2, 3, 0, 0, kFirst, {22, 20, 13});  // 23
  list.load_pe(1, 3, 16, 1, 23, {18});                  // 24
  list.stream(1, 3, 2, 3, 1, 0, kAdds, {24});           // 25
  list.load_pe(1, 4, 0, 0, 25, {19});                   // 26
  list.stream(1, 4, 2, 3, 0, 0, kAdds, {26});           // 27
  list.post(1, 4, 2, -1, 0, {27});                      // 28
  list.stream(1, 4, 3, 4, 0, 8, kFirst, {21, 15});      // 29: the passes backwards
  list.load_pe(1, 3, 16, 1, 27, {});                    // 30
  list.stream(1, 3, 3, 4, 1, 8, kAdds, {30});           // 31
  list.load_pe(1, 2, 4, 0, 31, {});                     // 32
  list.stream(1, 2, 3, 4, 0, 8, kAdds, {32});           // 33
  list.post(1, 2, 3, -1, 8, {33});                      // 34
  take_all_channels(c);
  return c;
}

Case residual_case() {
  Case c;
  c.spec = machine();
  c.network.layers = {layer("near", 0, {2, 2, 2}, {2, 2, 2}, {}),
                      layer("sum", 1, {2, 2, 2}, {2, 2, 2}, {}),
                      layer("fc", 2, {2, 2, 2}, {1, 1, 2}, {2, 2, 1, 1, 0, 0, 0, 0})};
  c.network.layers[1].inputs.push_back(0);
  c.network.layers[2].kind = network::LayerKind::kFullyConnected;
  c.network.layers[2].logits = true;
  network::test::give_maps(c.network, {2, 2, 2}, 4, 4);

  Schedule& s = c.schedule;
  s.weights_resident = true;
  s.layers.resize(3);
  s.blocks = {{0, 0, 0, 0, 2, 0, 2}, {1, 0, 0, 0, 2, 0, 2}, {2, 0, 0, 0, 8, 0, 2}};
  s.ranges = {{0, 0, 2}, {1, 0, 2}, {2, 0, 1}};
  s.regions = {{0, 0, 1, 0, 2, 0, 8},    // the input
               {1, 0, 1, 0, 2, 8, 8},    // near
               {2, 0, 1, 0, 2, 16, 8}};  // sum
  s.weight_words = 12;
  s.activation_slots = 32;
  s.accumulator_entries = 8;

  StepList setup(s.setup);
  setup.load_weights(0, 0, 0, {});
  setup.load_weights(1, 1, 2, {});
  setup.load_weights(2, 2, 4, {});
  StepList list(s.steps);
  list.load_map(0, {0, 0, 1, 0, 2}, 0, {});    // 0
  list.load_pe(0, 0, 0, 0, kNoStep, {});       // 1
  list.stream(0, 0, 0, 0, 0, 0, kFirst, {0});  // 2
  list.post(0, 0, 0, 1, 0, {2});               // 3
  list.load_pe(1, 1, 2, 0, kNoStep, {});       // 4
  list.stream(1, 1, 1, 1, 0, 4, kFirst, {3});  // 5
  list.post(1, 1, 1, 2, 4, {5});               // 6
  list.load_pe(2, 2, 4, 0, kNoStep, {});       // 7
  list.stream(2, 2, 2, 2, 0, 0, kFirst, {6});  // 8
  list.post(2, 2, 2, -1, 0, {8});              // 9
  s.steps[6].residual = 0;
  take_all_channels(c);
  return c;
}

Case sliced_case() {
  Case c;
  c.spec = machine();
  c.network.layers = {layer("near", 0, {2, 2, 2}, {2, 2, 2}, {}),
                      layer("far", 0, {2, 2, 2}, {2, 2, 2}, {}),
                      layer("point", 1, {2, 2, 4}, {2, 2, 2}, {})};
  c.network.layers[2].logits = true;
  network::test::give_maps(c.network, {2, 2, 2}, 4, 4);
  c.network.maps.resize(2);
  c.network.maps[1].shape = {2, 2, 4};
  c.network.layers[1].output = 1;
  c.network.layers[1].output_channel = 2;

  Schedule& s = c.schedule;
  s.weights_resident = true;
  s.layers.resize(3);
  s.blocks = {{0, 0, 0, 0, 2, 0, 2}, {1, 0, 0, 0, 2, 0, 2}, {2, 0, 0, 0, 4, 0, 2}};
  s.ranges = {{0, 0, 2}, {1, 0, 2}, {2, 0, 2}};
  s.regions = {{0, 0, 1, 0, 2, 0, 8, 0, 2},     // the input
               {1, 0, 1, 0, 2, 8, 8, 0, 2},     // what near writes
               {1, 0, 1, 0, 2, 16, 8, 2, 2},    // what far writes
               {1, 0, 1, 0, 2, 24, 16, 0, 4}};  // both
  s.weight_words = 8;
  s.activation_slots = 40;
  s.accumulator_entries = 8;

  StepList setup(s.setup);
  setup.load_weights(0, 0, 0, {});
  setup.load_weights(1, 1, 2, {});
  setup.load_weights(2, 2, 4, {});
  StepList list(s.steps);
  list.load_map(0, {0, 0, 1, 0, 2, 0, 2}, 0, {});    // 0
  list.load_pe(0, 0, 0, 0, kNoStep, {});             // 1
  list.stream(0, 0, 0, 0, 0, 0, kFirst, {0});        // 2
  list.post(0, 0, 0, 1, 0, {2});                     // 3
  list.store_map(0, {1, 0, 1, 0, 2, 0, 2}, 1, {3});  // 4
  list.load_pe(1, 1, 2, 0, kNoStep, {});             // 5
  list.stream(1, 1, 1, 0, 0, 4, kFirst, {});         // 6
  list.post(1, 1, 1, 2, 4, {6});                     // 7
  list.store_map(1, {1, 0, 1, 0, 2, 2, 2}, 2, {7});  // 8
  list.load_map(2, {1, 0, 1, 0, 2, 0, 2}, 3, {4});   // 9
  list.load_map(2, {1, 0, 1, 0, 2, 2, 2}, 3, {8});   // 10
  list.load_pe(2, 2, 4, 0, kNoStep, {});             // 11
  list.stream(2, 2, 2, 3, 0, 0, kFirst, {10, 3});    // 12
  list.post(2, 2, 2, -1, 0, {12});                   // 13
  return c;
}

Case sums_case() {
  Case c = residual_case();
  c.network.maps[1].sums = true;
  c.network.layers[1].inputs = {0, 1};
  c.network.layers[1].combine = network::Combine::kAdd;
  c.region(1).slots = 64;  // eight of 4 bits a sum
  c.region(2).base = 72;
  c.schedule.activation_slots = 80;
  c.step(5).input = 0;
  c.step(6).residual = 1;
  return c;
}

}  // namespace lacuna::schedule::testing
