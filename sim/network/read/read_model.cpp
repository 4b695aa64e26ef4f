#include "network/read/read_model.hpp"

#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "network/limits.hpp"
#include "network/read/obstacles.hpp"
#include "network/read/read_tensor.hpp"

namespace lacuna::network {
namespace {

using onnx::AttributeProto;

// Between these the operators that the import knows mean what it takes them to mean.
constexpr std::int64_t kMinOpset = 7;
constexpr std::int64_t kMaxOpset = 23;
constexpr int kMaxNodes = 65536;
constexpr int kMaxNesting = 16;

// Two bytes of a file can unfold into a message object of a hundred. The arena's blocks are
// counted, so that a hostile file ends in an exception before the machine's memory does.
thread_local std::int64_t memory_left = 0;

void* allocate_counted(std::size_t bytes) {
  if (static_cast<std::int64_t>(bytes) > memory_left) throw std::bad_alloc();
  memory_left -= static_cast<std::int64_t>(bytes);
  void* const block = std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void free_counted(void* block, std::size_t /*bytes*/) { std::free(block); }

// The arena takes its first block when it is made, so the budget is set here.
google::protobuf::ArenaOptions counted_arena(std::int64_t budget) {
  memory_left = budget;
  google::protobuf::ArenaOptions options;
  options.block_alloc = &allocate_counted;
  options.block_dealloc = &free_counted;
  options.start_block_size = 4096;
  options.max_block_size = 1 << 20;
  return options;
}

std::string own_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

class ModelReader {
 public:
  ModelReader(const std::string& file, std::int64_t budget)
      : arena_(counted_arena(budget)), budget_(budget), external_(file) {
    graph_.file = file;
  }

  void parse(const std::string& bytes);
  Graph graph();

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& wrong,
                         const std::string& allowed = "") const {
    throw base::InputError({graph_.file, 0, key}, wrong, allowed);
  }
  void check_header();
  int metadata_bits(const std::string& key) const;
  void add_initialisers();
  GraphValue declared(const onnx::ValueInfoProto& info) const;
  void add_inputs();
  Node node_of(onnx::NodeProto& proto, int index);
  Attribute attribute_of(const Node& node, AttributeProto& proto);
  void add_nodes();
  void check_links() const;

  google::protobuf::Arena arena_;
  std::int64_t budget_;
  onnx::ModelProto* proto_ = nullptr;
  ExternalData external_;
  Graph graph_;
  std::set<std::pair<std::string, std::string>> functions_;  ///< domain and name of the file's own
};

void ModelReader::parse(const std::string& bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > base::kMaxModelBytes) {
    fail("", fmt::format("has {} bytes", bytes.size()),
         fmt::format("at most {} are read", base::kMaxModelBytes));
  }
  const int size = static_cast<int>(bytes.size());
  bool parsed = false;
  try {
    proto_ = google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena_);
    google::protobuf::io::CodedInputStream stream(
        reinterpret_cast<const std::uint8_t*>(bytes.data()), size);
    stream.SetTotalBytesLimit(size);
    stream.SetRecursionLimit(kMaxNesting);
    parsed = proto_->ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
  } catch (const std::bad_alloc&) {
    fail("", "unfolds into more memory than a model may take",
         fmt::format("at most {} bytes of messages", budget_));
  }
  if (!parsed || !proto_->has_graph()) fail("", "is not an ONNX model, or is cut off");
}

Graph ModelReader::graph() {
  check_header();
  graph_.weight_bits = metadata_bits("lacuna.weight_bits");
  graph_.activation_bits = metadata_bits("lacuna.activation_bits");
  add_initialisers();
  add_inputs();
  add_nodes();
  for (const onnx::ValueInfoProto& output : proto_->graph().output()) {
    graph_.outputs.push_back(declared(output));
  }
  if (graph_.outputs.empty()) fail("graph", "has no output");
  check_links();
  return std::move(graph_);
}

void ModelReader::check_header() {
  if (proto_->training_info_size() > 0) {
    fail("", "the model has training graphs", "supported: one graph of plain nodes");
  }
  for (const onnx::FunctionProto& function : proto_->functions()) {
    functions_.emplace(own_domain(function.domain()), function.name());
  }
  const onnx::GraphProto& graph = proto_->graph();
  if (graph.node_size() > kMaxNodes) {
    fail("", fmt::format("the graph has {} nodes", graph.node_size()),
         fmt::format("at most {}", kMaxNodes));
  }
  if (graph.sparse_initializer_size() > 0) {
    fail("", "the graph has sparse initialisers", "supported: dense ones");
  }
  for (const onnx::OperatorSetIdProto& opset : proto_->opset_import()) {
    if (!own_domain(opset.domain()).empty()) continue;  // a node of another domain is refused
    if (graph_.opset != 0) fail("", "imports the operator set ai.onnx twice");
    if (opset.version() < kMinOpset || opset.version() > kMaxOpset) {
      fail("", fmt::format("uses operator set {}", opset.version()),
           fmt::format("supported: {} to {}", kMinOpset, kMaxOpset));
    }
    graph_.opset = opset.version();
  }
  if (graph_.opset == 0) {
    fail("", "names no operator set",
         fmt::format("supported: ai.onnx {} to {}", kMinOpset, kMaxOpset));
  }
}

int ModelReader::metadata_bits(const std::string& key) const {
  const std::string* text = nullptr;
  for (const onnx::StringStringEntryProto& entry : proto_->metadata_props()) {
    if (entry.key() != key) continue;
    if (text != nullptr) fail("metadata " + key, "stands in the file twice");
    text = &entry.value();
  }
  if (text == nullptr) return 0;
  if (text->size() != 1 || (*text)[0] < '0' + kMinBits || (*text)[0] > '0' + kMaxBits) {
    fail("metadata " + key, "is " + base::shown(*text),
         fmt::format("an integer in {}..{}", kMinBits, kMaxBits));
  }
  return (*text)[0] - '0';
}

void ModelReader::add_initialisers() {
  for (onnx::TensorProto& tensor : *proto_->mutable_graph()->mutable_initializer()) {
    const base::Place place{graph_.file, 0, "initialiser " + base::shown(tensor.name())};
    if (tensor.name().empty()) throw base::InputError(place, "has no name");
    if (graph_.constants.count(tensor.name()) != 0) {
      throw base::InputError(place, "stands in the graph twice");
    }
    graph_.constants.emplace(tensor.name(), read_tensor(tensor, external_, place));
  }
}

GraphValue ModelReader::declared(const onnx::ValueInfoProto& info) const {
  GraphValue value;
  const int rank = info.type().tensor_type().shape().dim_size();
  if (rank > kMaxRank) {
    fail("value " + base::shown(info.name()), fmt::format("has {} dimensions", rank),
         fmt::format("at most {}", kMaxRank));
  }
  value.name = info.name();
  value.value = info.name();
  const onnx::TypeProto::Tensor& type = info.type().tensor_type();
  value.element = element_of(type.elem_type());
  value.half = type.elem_type() == onnx::TensorProto::FLOAT16;
  value.has_sizes = type.has_shape();
  for (const onnx::TensorShapeProto::Dimension& dimension : type.shape().dim()) {
    value.sizes.push_back(dimension.has_dim_value() ? dimension.dim_value() : kFreeSize);
  }
  return value;
}

// Old files list initialisers as inputs, too.
void ModelReader::add_inputs() {
  for (const onnx::ValueInfoProto& input : proto_->graph().input()) {
    if (graph_.constants.count(input.name()) == 0) graph_.inputs.push_back(declared(input));
  }
}

Attribute ModelReader::attribute_of(const Node& node, AttributeProto& proto) {
  Attribute attribute;
  switch (proto.type()) {
    case AttributeProto::INT:
      attribute.kind = Attribute::Kind::kInteger;
      attribute.integer = proto.i();
      break;
    case AttributeProto::FLOAT:
      attribute.kind = Attribute::Kind::kFloat;
      attribute.real = proto.f();
      break;
    case AttributeProto::STRING:
      attribute.kind = Attribute::Kind::kText;
      attribute.text = proto.s();
      break;
    case AttributeProto::INTS:
      attribute.kind = Attribute::Kind::kIntegers;
      attribute.integers = {proto.ints().begin(), proto.ints().end()};
      break;
    case AttributeProto::FLOATS:
      attribute.kind = Attribute::Kind::kFloats;
      attribute.reals = {proto.floats().begin(), proto.floats().end()};
      break;
    case AttributeProto::TENSOR: {
      base::Place place = place_of(graph_.file, node);
      place.key += ": tensor " + base::shown(proto.name());
      attribute.kind = Attribute::Kind::kConstant;
      attribute.constant = read_tensor(*proto.mutable_t(), external_, place);
      break;
    }
    default:
      break;
  }
  return attribute;
}

Node ModelReader::node_of(onnx::NodeProto& proto, int index) {
  Node node;
  node.op = proto.op_type();
  node.domain = own_domain(proto.domain());
  node.name = proto.name().empty() ? node.op + std::to_string(index) : proto.name();
  node.inputs = {proto.input().begin(), proto.input().end()};
  node.outputs = {proto.output().begin(), proto.output().end()};
  const base::Place place = place_of(graph_.file, node);
  if (functions_.count({node.domain, node.op}) != 0) {
    throw base::InputError(place, "calls a function that the model defines",
                           "supported: plain nodes; onnx.inliner.inline_local_functions puts a "
                           "function's nodes in its place");
  }
  if (node.outputs.empty()) throw base::InputError(place, "has no output");
  for (AttributeProto& attribute : *proto.mutable_attribute()) {
    if (attribute.has_g() || attribute.graphs_size() > 0) {
      throw base::InputError(place, "holds a graph of its own", "supported: plain nodes");
    }
    if (!node.attributes.emplace(attribute.name(), attribute_of(node, attribute)).second) {
      throw base::InputError(place,
                             "has the attribute " + base::shown(attribute.name()) + " twice");
    }
  }
  return node;
}

void ModelReader::add_nodes() {
  auto& protos = *proto_->mutable_graph()->mutable_node();
  std::unordered_set<std::string> given;
  for (const onnx::NodeProto& proto : protos) given.insert(proto.name());
  std::unordered_set<std::string> names;
  for (int i = 0; i < protos.size(); ++i) {
    Node node = node_of(*protos.Mutable(i), i);
    // What a node without a name is called is nobody else's name.
    while (protos.Get(i).name().empty() && (given.count(node.name) + names.count(node.name)) != 0) {
      node.name += '_';
    }
    if (!names.insert(node.name).second) {
      throw base::InputError(place_of(graph_.file, node), "another node has the same name");
    }
    graph_.nodes.push_back(std::move(node));
  }
}

// Every value is written once, and before it is read: so there is no cycle.
void ModelReader::check_links() const {
  std::unordered_set<std::string> written;
  for (const auto& [name, constant] : graph_.constants) written.insert(name);
  for (const GraphValue& input : graph_.inputs) {
    if (input.name.empty() || !written.insert(input.name).second) {
      fail("input " + base::shown(input.name), "stands in the graph twice, or has no name");
    }
  }
  for (const Node& node : graph_.nodes) {
    for (const std::string& input : node.inputs) {
      if (input.empty() || written.count(input) != 0) continue;
      throw base::InputError(
          place_of(graph_.file, node),
          fmt::format("input {} is no initialiser, and written by no node before this one",
                      base::shown(input)),
          "supported: nodes in topological order");
    }
    for (const std::string& output : node.outputs) {
      if (output.empty() || written.insert(output).second) continue;
      throw base::InputError(place_of(graph_.file, node),
                             fmt::format("writes {}, which exists already", base::shown(output)));
    }
  }
  std::unordered_set<std::string> names;
  for (const GraphValue& output : graph_.outputs) {
    if (!names.insert(output.name).second) {
      fail("output " + base::shown(output.name), "stands in the graph twice");
    }
    if (written.count(output.name) == 0) {
      fail("output " + base::shown(output.name), "no node writes it");
    }
  }
}

}  // namespace

Graph read_model(const std::string& bytes, const std::string& file, std::int64_t memory_budget) {
  ModelReader reader(file, memory_budget);
  reader.parse(bytes);
  return reader.graph();
}

Graph read_model(std::string&& bytes, const std::string& file, std::int64_t memory_budget) {
  ModelReader reader(file, memory_budget);
  reader.parse(bytes);
  std::string().swap(bytes);
  return reader.graph();
}

std::vector<std::string> external_files(const std::string& file) {
  constexpr std::int64_t kMostBytes = 64 << 20;
  std::vector<std::string> files;
  try {
    const std::string bytes = base::read_file(file, kMostBytes);
    google::protobuf::Arena arena(counted_arena(kModelMemoryBudget));
    auto* const model = google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena);
    if (!model->ParseFromString(bytes)) return files;
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    for (const onnx::TensorProto& tensor : model->graph().initializer()) {
      for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
        if (entry.key() == "location") files.push_back((folder / entry.value()).string());
      }
    }
  } catch (const base::InputError&) {
    files.clear();  // what cannot be read has nothing that is named
  } catch (const std::bad_alloc&) {
    files.clear();
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

}  // namespace lacuna::network
