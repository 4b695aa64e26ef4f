// The plain graph that an ONNX file becomes: nodes, typed constants, inputs and outputs. Values are
// known by their names. Nothing here knows protobuf, and nothing of the integer machine.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "tensor/packed_codes.hpp"

namespace lacuna::network {

/// What a tensor holds; float16 and double count as float. kOther: what no node can use.
enum class Element : std::uint8_t {
  kFloat,
  kInt4,
  kUint4,
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kInt64,
  kBool,
  kOther
};

const char* element_name(Element element);
/// Of a value as it lies in Constant::bytes, unpacked.
std::size_t element_bytes(Element element);
/// The ends of an integer type of at most 16 bits.
std::pair<int, int> element_range(Element element);
bool is_code(Element element);  ///< 4 or 8 bits

inline constexpr int kMaxRank = 16;  ///< dimensions of any value

/// Sizes of a tensor; of a constant all are known, of a declared input they may be free.
using Sizes = std::vector<std::int64_t>;
inline constexpr std::int64_t kFreeSize = -1;
std::string sizes_text(const Sizes& sizes);     ///< "64 x 3 x 3", or "scalar"
std::string declared_text(const Sizes& sizes);  ///< "? x 3 x 3"

/// What makes reals of integer codes: (code - zero point) * scale, one for all or one along an
/// axis.
struct Quantisation {
  std::vector<float> scale;
  std::vector<std::int32_t> zero_points;
  std::int64_t axis = 0;  ///< from the front
};

/// How values lie that the file has in less room than nodes compute with.
enum class Packing : std::uint8_t {
  kNone,
  kNibbles,  ///< 4-bit integers, two in a byte, the first one low
  kHalves    ///< float16
};

struct Constant {
  Element element = Element::kOther;
  Sizes sizes;
  std::string bytes;  ///< little-endian values, as many as the sizes say
  Packing packing = Packing::kNone;
  /// Codes cut to fewer bits by a Clip.
  std::optional<std::pair<int, int>> range;
  /// The constant is what a DequantizeLinear makes of the codes in `bytes`.
  std::optional<Quantisation> quantisation;

  std::int64_t count() const;
  /// Values take the room of their type.
  void unpack();
  /// The codes of 4 or 8 bits; moved out of it.
  tensor::PackedCodes take_codes();
  /// All values, converted; a quantised constant gives its reals.
  std::vector<double> reals() const;
  /// All values, without the quantisation; of reals what is whole of them, within 2^62.
  std::vector<std::int64_t> integers() const;

  static Constant of_floats(Sizes sizes, const std::vector<float>& values);
  static Constant of_integers(Element element, Sizes sizes,
                              const std::vector<std::int64_t>& values);
};

float half_to_float(std::uint16_t half);

/// Calls `use` with a pointer to the values, unpacked, as their own type.
template <class Use>
void with_values(const Constant& constant, Use&& use);

/// The values of an unpacked constant, converted, one by one; a quantised one gives its reals. The
/// constant must outlive it.
class Reals {
 public:
  explicit Reals(const Constant& constant);
  double operator[](std::size_t i) const;

 private:
  double number(std::size_t i) const;

  const Constant& own_;
  /// Values from one to its neighbour along the axis of the scales.
  std::size_t inner_ = 1;
};

struct Attribute {
  enum class Kind : std::uint8_t { kInteger, kFloat, kText, kIntegers, kFloats, kConstant, kOther };
  Kind kind = Kind::kOther;
  std::int64_t integer = 0;
  float real = 0.0F;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<float> reals;
  Constant constant;
};

struct Node {
  std::string op;
  std::string domain;  ///< "" is ONNX's own
  std::string name;    ///< its type and position where the file gives it none
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;

  bool has_input(std::size_t i) const { return i < inputs.size() && !inputs[i].empty(); }
  const std::string& output() const { return outputs.front(); }
  bool is(const char* own_op) const { return domain.empty() && op == own_op; }
};

/// An input or output of the graph as the file declares it.
struct GraphValue {
  std::string name;
  std::string value;  ///< that it is: its name, until rules take the node away that writes it
  Element element = Element::kFloat;
  bool has_sizes = false;
  Sizes sizes;
  bool half = false;  ///< float16
};

struct Graph {
  std::string file;
  std::int64_t opset = 0;
  std::vector<Node> nodes;  ///< each behind those whose outputs it reads
  std::unordered_map<std::string, Constant> constants;
  std::vector<GraphValue> inputs;
  std::vector<GraphValue> outputs;
  /// Of lacuna's own trainer: bits that the codes of all maps, or weights, fit in; 0: not said.
  int weight_bits = 0;
  int activation_bits = 0;

  const Constant* constant(const std::string& name) const {
    const auto found = constants.find(name);
    return found == constants.end() ? nullptr : &found->second;
  }
  /// The constant that a node reads at that place; nullptr where it reads none or another value.
  const Constant* constant(const Node& node, std::size_t input) const {
    return node.has_input(input) ? constant(node.inputs[input]) : nullptr;
  }
};

template <class Use>
void with_values(const Constant& constant, Use&& use) {
  const char* bytes = constant.bytes.data();
  switch (constant.element) {
    case Element::kFloat:
      return use(reinterpret_cast<const float*>(bytes));
    case Element::kInt4:
    case Element::kInt8:
      return use(reinterpret_cast<const std::int8_t*>(bytes));
    case Element::kUint4:
    case Element::kUint8:
    case Element::kBool:
      return use(reinterpret_cast<const std::uint8_t*>(bytes));
    case Element::kInt16:
      return use(reinterpret_cast<const std::int16_t*>(bytes));
    case Element::kUint16:
      return use(reinterpret_cast<const std::uint16_t*>(bytes));
    case Element::kInt32:
      return use(reinterpret_cast<const std::int32_t*>(bytes));
    case Element::kInt64:
      return use(reinterpret_cast<const std::int64_t*>(bytes));
    case Element::kOther:
      return;
  }
}

}  // namespace lacuna::network
