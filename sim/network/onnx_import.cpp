#include "network/onnx_import.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/limits.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "network/normalise/rules.hpp"
#include "network/read/read_model.hpp"

namespace lacuna::network {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCard = "card.yaml";

Network network_of(Graph graph, const std::string& sha256) {
  std::string kind = kind_of(graph);
  normalise(graph);
  Network network = GraphCompiler(graph, std::move(kind)).compile();
  network.name = base::printable(fs::path(graph.file).stem().string());
  network.file = graph.file;
  network.sha256 = sha256;
  return network;
}

}  // namespace

Network import_onnx_bytes(const std::string& bytes, const std::string& file) {
  return network_of(read_model(bytes, file), base::sha256_hex(bytes));
}

Network import_onnx(const std::string& path) {
  std::string bytes = base::read_file(path, base::kMaxModelBytes);
  const std::string sha256 = base::sha256_hex(bytes);
  return network_of(read_model(std::move(bytes), path), sha256);
}

void note_model(const std::string& path) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  const fs::path folder = is_folder ? fs::path(path) : fs::path(path).parent_path();
  base::note_input((folder / kCard).string());
  if (!is_folder) return base::note_input(path);
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".onnx") base::note_input(entry->path().string());
  }
}

void note_model_data(const std::string& path) {
  note_model(path);
  std::error_code error;
  std::vector<std::string> models = {path};
  if (fs::is_directory(path, error)) {
    models.clear();
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().extension() == ".onnx") models.push_back(entry->path().string());
    }
  }
  for (const std::string& model : models) {
    if (!fs::is_regular_file(model, error)) continue;
    for (const std::string& file : external_files(model)) base::note_input(file);
  }
}

std::string find_model(const std::string& path) {
  note_model(path);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw base::InputError({path, 0, ""}, "does not exist");
  if (!fs::is_directory(status)) return path;
  std::vector<std::string> models;
  bool has_card = false;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".onnx") models.push_back(entry->path().string());
    has_card = has_card || entry->path().filename() == kCard;
  }
  if (error)
    throw base::InputError({path, 0, ""}, "cannot be read: " + base::system_error(error.value()));
  std::sort(models.begin(), models.end());
  constexpr const char* kAllowed = "a folder with one .onnx file and card.yaml";
  if (models.size() != 1) {
    const std::string count = std::to_string(models.size());
    constexpr std::size_t kShown = 3;
    if (models.size() > kShown) {
      models.resize(kShown);
      models.emplace_back("...");
    }
    throw base::InputError({path, 0, ""},
                           models.empty()
                               ? "holds no .onnx file"
                               : "holds " + count + " .onnx files (" + base::join(models) + ")",
                           kAllowed);
  }
  if (!has_card) throw base::InputError({path, 0, ""}, "holds no card.yaml", kAllowed);
  return models.front();
}

}  // namespace lacuna::network
