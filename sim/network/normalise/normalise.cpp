#include "network/normalise/fold_constants.hpp"
#include "network/normalise/rules.hpp"

namespace lacuna::network {

void normalise(Graph& graph) {
  drop_reserved(graph);
  adopt_contributed_quantisers(graph);
  lower_sums(graph);
  drop_unread(graph);
  drop_identities(graph);
  Shapes shapes(graph);
  fold_constants(graph, shapes);
  lower_views(graph, shapes);
  lower_clips(graph);
  lower_global_pools(graph, shapes);
  merge_equal_nodes(graph);
  fold_quantiser_clips(graph);
  drop_unread(graph);
}

}  // namespace lacuna::network
