// What follows from a strike: layer by layer only the values that differ from the fault-free ones,
// and the streams that take another time.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "fast/batch_group.hpp"
#include "fast/fates.hpp"
#include "fast/strike.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

class StruckBatch {
 public:
  /// All references outlive this.
  StruckBatch(const network::Network& network, const schedule::Schedule& schedule,
              const BatchGroup& program);

  /// `logits` are the batch's fault-free outputs, and become those under the strike.
  void run(const FaultFreeBatch& batch, const StrikeEffects& effects,
           std::vector<std::int32_t>& logits);

  // Of the last run.
  const std::vector<StreamChange>& streams() const { return streams_; }
  /// [image][layer] what differs.
  const std::vector<std::vector<LayerChange>>& changes() const { return changes_; }
  /// [layer] MACs that were computed; none of a layer that nothing has reached.
  const std::vector<std::int64_t>& macs() const { return macs_; }
  bool reached(std::size_t layer) const { return reached_[layer]; }

 private:
  /// A value of a map, or a sum of a layer's: [image][y][x][channel].
  using Place = std::int64_t;
  /// Numbers that are zero but for a few.
  struct Sparse {
    std::vector<std::int32_t> values;
    std::vector<std::uint8_t> listed;
    std::vector<Place> list;

    void add(Place place, std::uint32_t delta);
    void clear();
  };

  void add_changes(const std::vector<ValueChange>& changes, std::size_t layer, Sparse& to) const;
  void spread_input(std::size_t layer);
  void spread_weights(std::size_t layer);
  void store_layer(std::size_t layer);
  void store_value(std::size_t layer, Place sum);
  void store_pooled(std::size_t layer, Place sum);
  void run_map_layer(std::size_t layer);
  void time_layer(std::size_t layer);
  void put_maps_out();

  const network::Layer& layer_of(std::size_t index) const { return network_.layers[index]; }
  std::int32_t golden_sum(std::size_t layer, Place sum) const;
  std::int32_t golden_value(int map, Place value) const;
  std::int32_t second(std::size_t layer, Place sum, bool now) const;
  std::int16_t code(std::size_t layer, Place sum, bool now) const;
  /// The fault-free value of a place of a layout.
  std::int16_t golden_at(std::size_t layout, std::int64_t place) const;
  void change_value(int map, Place value, std::int32_t golden, std::int32_t now);
  LayerChange& change(std::size_t layer, Place of_layer);

  const network::Network& network_;
  const schedule::Schedule& schedule_;
  const BatchGroup& program_;
  MapLayers map_layers_;
  std::vector<std::vector<std::int64_t>> output_places_;  ///< [layer]: offsets of its outputs
  std::vector<std::vector<std::int64_t>> places_;         ///< [map][value] in its layout
  /// [layer]: its weights as [group][k][channel of the group]; made when first asked for.
  std::vector<std::vector<std::int16_t>> weights_;

  const FaultFreeBatch* batch_ = nullptr;
  std::vector<std::int32_t>* logits_ = nullptr;
  std::vector<Sparse> maps_;           ///< [map] now - fault-free
  std::vector<std::uint8_t> bitmaps_;  ///< [map] a value became zero or stopped being it
  std::vector<Sparse> sums_;           ///< [layer] the same of its sums
  Sparse seconds_;                     ///< of the layer in hand: what the strike does to them
  std::vector<StreamChange> streams_;
  std::vector<std::vector<LayerChange>> changes_;
  std::vector<std::int64_t> macs_;
  std::vector<bool> reached_;
  std::vector<Place> units_;
  std::vector<std::uint8_t> unit_listed_;
  LaneMaps lane_maps_;  ///< of one lane, by the layouts: inputs and output of a layer over maps
  std::vector<std::uint16_t> prefix_;
};

}  // namespace lacuna::fast
