#include "network/onnx_import.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "network/limits.hpp"
#include "network/onnx_compiler.hpp"
#include "network/onnx_model.hpp"

namespace lacuna::network {

namespace fs = std::filesystem;

Network import_onnx_bytes(const std::string& bytes, const std::string& file) {
  const OnnxModel model(bytes, file);
  OnnxCompiler compiler(model);
  Network network = compiler.compile();
  // A second opinion, by the library that defines the format.
  compiler.check_shapes(model.with_inferred_shapes().graph());
  network.name = base::printable(fs::path(file).stem().string());
  network.file = file;
  network.sha256 = base::sha256_hex(bytes);
  return network;
}

Network import_onnx(const std::string& path) {
  return import_onnx_bytes(base::read_file(path, kMaxFileBytes), path);
}

std::string find_model(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw base::InputError({path, 0, ""}, "does not exist");
  if (!fs::is_directory(status)) return path;
  std::vector<std::string> models;
  bool has_card = false;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".onnx") models.push_back(entry->path().string());
    has_card = has_card || entry->path().filename() == "card.yaml";
  }
  if (error) throw base::InputError({path, 0, ""}, "cannot be read: " + error.message());
  std::sort(models.begin(), models.end());
  constexpr const char* kAllowed = "a folder with one .onnx file and card.yaml";
  if (models.size() != 1) {
    throw base::InputError({path, 0, ""},
                           models.empty() ? "holds no .onnx file"
                                          : "holds " + std::to_string(models.size()) +
                                                " .onnx files (" + base::join(models) + ")",
                           kAllowed);
  }
  if (!has_card) throw base::InputError({path, 0, ""}, "holds no card.yaml", kAllowed);
  return models.front();
}

}  // namespace lacuna::network
