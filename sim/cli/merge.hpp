// What merging the shards of a campaign and those of a sweep have in common.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "store/store_file.hpp"

namespace lacuna::cli {

/// Adds the shards' stores and --out.
void add_merge_options(Options& options);

/// The stores that a command is given, one at least, each noted as store_argument does; a folder
/// stands for its files whose names end in .sqlite. Throws base::InputError.
std::vector<std::string> store_arguments(const Options& options, const std::string& command);

/// The command that merges stores, for people: of many the first and how many there are.
std::string merge_command(const std::string& command, const std::vector<std::string>& stores,
                          const std::string& out);

/// Makes the store that `command` ("campaign merge") is asked for, by campaign::Merge or
/// explore::SweepMerge, and returns it. Throws base::InputError, and leaves none then.
template <class Merge>
auto merge_stores(const Options& options, const std::string& command) {
  const std::string out = options.required("out");
  Outputs outputs;
  outputs.claim_store(options, "out");
  const std::vector<std::string> shards = store_arguments(options, command);
  outputs.refuse_inputs();
  store::check_creatable(out);
  const Merge merge(shards);
  outputs.refuse_inputs();  // also what the shards go on from
  return merge.write(out, merge_command(command, shards, out));
}

}  // namespace lacuna::cli
