// What kind of network a file holds, for the last line of what stands in its way.
#include <algorithm>
#include <unordered_set>

#include "network/compile/compiler.hpp"

namespace lacuna::network {

std::string kind_of(const Graph& graph) {
  const auto any = [&](auto is_it) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(), is_it);
  };
  const auto of_domain = [&](const char* part) {
    return any([&](const Node& node) { return node.domain.find(part) != std::string::npos; });
  };
  const auto has = [&](std::initializer_list<const char*> ops) {
    return any([&](const Node& node) {
      return std::any_of(ops.begin(), ops.end(), [&](const char* op) { return node.op == op; });
    });
  };
  // What nodes make of the graph's inputs; the rest is constant.
  std::unordered_set<std::string> made;
  for (const GraphValue& input : graph.inputs) made.insert(input.name);
  for (const Node& node : graph.nodes) {
    const auto is_made = [&](const std::string& input) { return made.count(input) != 0; };
    if (!std::any_of(node.inputs.begin(), node.inputs.end(), is_made)) continue;
    made.insert(node.outputs.begin(), node.outputs.end());
  }
  if (has({"MultiThreshold"})) {
    return "MultiThreshold is FINN's hardware form: export the network before it is streamlined";
  }
  if (has({"DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"})) {
    return "a network that quantises by each image's range (dynamic quantisation): quantise it "
           "statically, e.g. with onnxruntime's quantize_static";
  }
  if (has({"QLinearConv", "QLinearMatMul", "QLinearAdd", "QGemm"})) {
    return "a network in onnxruntime's QOperator form: export it in QDQ form (quant_format QDQ)";
  }
  if (has({"Quant", "BipolarQuant"})) {
    return "a QONNX network: convert it to QDQ form (qonnx.transformation.qonnx_to_qcdq), or "
           "export it so (Brevitas' export_onnx_qcdq)";
  }
  if (has({"RequantShift", "RequantizedConv"}) || of_domain("PACT")) {
    return "a network in Deeploy's or NEMO's integer form: export it in QDQ form";
  }
  if (!has({"QuantizeLinear", "DequantizeLinear"})) {
    return "a float network, nothing in it is quantised: quantise it first, e.g. with "
           "onnxruntime's quantize_static (QDQ form)";
  }
  const auto quantises_values = [&](const Node& node) {
    return (node.op == "QuantizeLinear" || node.op == "DequantizeLinear") && node.has_input(0) &&
           made.count(node.inputs[0]) != 0;
  };
  if (!any(quantises_values)) {
    return "only the weights of this network are quantised: quantise its activations, too, e.g. "
           "with onnxruntime's quantize_static (QDQ form)";
  }
  return "";
}

}  // namespace lacuna::network
