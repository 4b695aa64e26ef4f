// Shards of a campaign's round, or of a sweep, as job arrays of Slurm
// (https://slurm.schedmd.com/sbatch.html): submitted, waited for, and what came to nothing
// submitted again. What is done and what is going on is asked of the stores and of the queue alone,
// so another process goes on where one was killed. Partition, account and limits of the jobs are
// said by sbatch's own variables (SBATCH_PARTITION, SBATCH_TIMELIMIT, ...).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/shard.hpp"
#include "store/store_file.hpp"

namespace lacuna::cluster {

/// What the tasks of job arrays run: a shard each, by the program itself.
struct ShardWork {
  std::string name;                ///< of the folder of its stores, as "round-1"
  std::vector<std::string> begin;  ///< arguments before --shard and --out
  std::vector<std::string> go_on;  ///< before a store that is there; empty: as `begin`
  std::string processors;          ///< the option that says how many to use: "--workers"
  /// How many results a shard's store lacks. Throws base::InputError where it is of something else.
  std::function<std::int64_t(const store::Shard&, const std::string&)> lacks;
};

/// Tasks that are in the queue or run.
using QueueCallback = std::function<void(std::int64_t tasks)>;

class Slurm {
 public:
  /// For the store `out`, beside which the folder `out`.shards holds what there is until that is
  /// made. `processors` for each task. Throws base::InputError where another process is at it, or
  /// the folder is not one of this class.
  Slurm(const std::string& out, std::int64_t shards, std::int64_t processors);

  /// Runs all shards. False once `stop` says true: jobs go on then. Throws base::InputError where
  /// the jobs came to nothing three times, and where Slurm does not answer or takes none; calling
  /// it again goes on.
  bool run(const ShardWork& work, const std::function<bool()>& stop, const QueueCallback& callback);

  /// The shards' stores, by index.
  std::vector<std::string> stores(const ShardWork& work) const;
  /// Of a file in the folder.
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// Removes the folder with all that is in it.
  void remove();

 private:
  std::string store_of(const ShardWork& work, std::int64_t index) const;
  /// Shards that are not whole, and a measure of what they lack: less after any progress.
  struct Left {
    std::vector<std::int64_t> shards;
    std::int64_t results = 0;
  };
  Left left(const ShardWork& work) const;
  std::int64_t queued(const std::function<bool()>& stop) const;
  void write_script(const ShardWork& work) const;
  void submit(const ShardWork& work, const std::vector<std::int64_t>& indices) const;
  [[noreturn]] void give_up(const ShardWork& work, const std::vector<std::int64_t>& indices) const;

  std::string folder_;
  std::string job_;  ///< name of its jobs, by which the queue knows them
  std::int64_t shards_;
  std::int64_t processors_;
  store::WriterLock lock_;
};

}  // namespace lacuna::cluster
