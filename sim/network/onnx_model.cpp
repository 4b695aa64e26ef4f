#include "network/onnx_model.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "network/limits.hpp"
#include "network/onnx_tensor.hpp"

namespace lacuna::network {
namespace {

// The operator sets in which the accepted operators mean what the import takes them to mean; the
// upper end is the newest that ONNX 1.12 (Debian 12) knows.
constexpr std::int64_t kMinOpset = 13;
constexpr std::int64_t kMaxOpset = 17;
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

bool is_default_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

}  // namespace

OnnxModel::OnnxModel(const std::string& bytes, std::string file, std::int64_t memory_budget)
    : file_(std::move(file)), arena_(counted_arena(memory_budget)), proto_(nullptr) {
  parse(bytes, memory_budget);
  check_header();
  check_initialisers();
  weight_bits_ = bits_of("lacuna.weight_bits");
  activation_bits_ = bits_of("lacuna.activation_bits");
}

void OnnxModel::parse(const std::string& bytes, std::int64_t memory_budget) {
  const base::Place place{file_, 0, ""};
  if (static_cast<std::int64_t>(bytes.size()) > base::kMaxModelBytes) {
    throw base::InputError(place, fmt::format("has {} bytes", bytes.size()),
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
    throw base::InputError(place, "unfolds into more memory than a model may take",
                           fmt::format("at most {} bytes of messages", memory_budget));
  }
  if (!parsed || !proto_->has_graph()) {
    throw base::InputError(place, "is not an ONNX model, or is cut off");
  }
}

void OnnxModel::check_header() const {
  const base::Place place{file_, 0, ""};
  if (proto_->functions_size() > 0 || proto_->training_info_size() > 0) {
    throw base::InputError(place, "the model has functions or training graphs",
                           "supported: one graph of plain nodes");
  }
  if (graph().node_size() > kMaxNodes) {
    throw base::InputError(place, fmt::format("the graph has {} nodes", graph().node_size()),
                           fmt::format("at most {}", kMaxNodes));
  }
  bool has_default = false;
  for (const onnx::OperatorSetIdProto& opset : proto_->opset_import()) {
    if (!is_default_domain(opset.domain())) {
      throw base::InputError(
          place, fmt::format("uses the operator domain {}", base::shown(opset.domain())),
          "supported: ai.onnx");
    }
    if (has_default) throw base::InputError(place, "imports the operator set ai.onnx twice");
    has_default = true;
    if (opset.version() < kMinOpset || opset.version() > kMaxOpset) {
      throw base::InputError(place, fmt::format("uses operator set {}", opset.version()),
                             fmt::format("supported: {} to {}", kMinOpset, kMaxOpset));
    }
  }
  if (!has_default) {
    throw base::InputError(place, "names no operator set",
                           fmt::format("supported: ai.onnx {} to {}", kMinOpset, kMaxOpset));
  }
}

void OnnxModel::check_initialisers() const {
  if (graph().sparse_initializer_size() > 0) {
    throw base::InputError({file_, 0, ""}, "the graph has sparse initialisers",
                           "supported: dense ones");
  }
  std::unordered_set<std::string> names;
  for (const onnx::TensorProto& tensor : graph().initializer()) {
    const base::Place place{file_, 0, fmt::format("initialiser {}", base::shown(tensor.name()))};
    if (tensor.name().empty()) throw base::InputError(place, "has no name");
    if (!names.insert(tensor.name()).second) {
      throw base::InputError(place, "stands in the graph twice");
    }
    check_tensor_data(tensor, place);
  }
}

int OnnxModel::bits_of(const std::string& key) const {
  const base::Place place{file_, 0, "metadata " + key};
  const std::string* text = nullptr;
  for (const onnx::StringStringEntryProto& entry : proto_->metadata_props()) {
    if (entry.key() != key) continue;
    if (text != nullptr) throw base::InputError(place, "stands in the file twice");
    text = &entry.value();
  }
  if (text == nullptr) return kMaxBits;
  if (text->size() != 1 || (*text)[0] < '0' + kMinBits || (*text)[0] > '0' + kMaxBits) {
    throw base::InputError(place, "is " + base::shown(*text),
                           fmt::format("an integer in {}..{}", kMinBits, kMaxBits));
  }
  return (*text)[0] - '0';
}

onnx::ModelProto OnnxModel::with_inferred_shapes() const {
  try {
    onnx::ModelProto inferred = *proto_;
    onnx::checker::check_model(inferred);
    constexpr bool kCheckTypes = true;
    constexpr int kThrow = 1;
    onnx::shape_inference::InferShapes(inferred, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(kCheckTypes, kThrow, false));
    return inferred;
  } catch (const std::bad_alloc&) {
    throw;  // no fault of the model's
  } catch (const std::exception& error) {
    std::string text = error.what();
    const auto is_unprintable = [](char c) { return c < ' ' || c > '~'; };
    std::replace_if(text.begin(), text.end(), is_unprintable, ' ');
    throw base::InputError({file_, 0, ""}, "the ONNX library objects: " + text);
  }
}

}  // namespace lacuna::network
