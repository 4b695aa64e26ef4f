#include "campaign/workers.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <new>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "campaign/outcome_counts.hpp"
#include "campaign/rounds.hpp"
#include "campaign/worker_end.hpp"

namespace lacuna::campaign {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kNoTrial = -1;
constexpr std::size_t kHashLength = 64;
constexpr std::size_t kMostAhead = 16;  ///< short trials that a worker is given at once

/// What a worker sends back: plain bytes, less than a pipe writes at once.
struct Reply {
  std::int64_t trial = kNoTrial;
  TrialStatus status = TrialStatus::kDone;
  bool audited = false;
  bool differs = false;
  std::array<std::int64_t, std::size(kOutcomeCounts)> counts{};
  std::array<char, kHashLength> hash{};
  double rmse = 0;
  bool ended = false;
  measure::FateStage stage = measure::FateStage::kNeverRead;
  std::int32_t ended_in = measure::Fate::kNoLayer;
};

Reply pack(const TrialRunner& runner, const Trial& trial, const TrialOutcome& outcome) {
  Reply reply;
  reply.trial = trial.number;
  reply.status = outcome.status;
  for (std::size_t i = 0; i < reply.counts.size(); ++i) {
    reply.counts[i] = kOutcomeCounts[i].of(outcome);
  }
  std::copy_n(outcome.logits_sha256.begin(), std::min(kHashLength, outcome.logits_sha256.size()),
              reply.hash.begin());
  reply.rmse = outcome.rmse.value_or(0);
  reply.ended = outcome.ended.has_value();
  reply.stage = outcome.ended.value_or(reply.stage);
  if (!outcome.ended_in.empty()) {
    const std::vector<std::string> names = runner.layer_names(trial);
    reply.ended_in = static_cast<std::int32_t>(
        std::find(names.begin(), names.end(), outcome.ended_in) - names.begin());
  }
  return reply;
}

TrialOutcome unpack(const TrialRunner& runner, const Reply& reply) {
  TrialOutcome outcome;
  outcome.status = reply.status;
  for (std::size_t i = 0; i < reply.counts.size(); ++i) {
    kOutcomeCounts[i].in(outcome) = reply.counts[i];
  }
  outcome.logits_sha256.assign(reply.hash.begin(), reply.hash.end());
  outcome.rmse = reply.rmse;
  if (reply.ended) outcome.ended = reply.stage;
  if (reply.ended_in != measure::Fate::kNoLayer) {
    outcome.ended_in =
        runner.layer_names(runner.trial(reply.trial)).at(static_cast<std::size_t>(reply.ended_in));
  }
  return outcome;
}

bool read_all(int file, void* data, std::size_t size) {
  auto* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = ::read(file, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(int file, const void* data, std::size_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t put = ::write(file, at, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

bool is_audited(const TrialRunner& runner, std::int64_t trial, double share) {
  return share > 0 && base::random_uniform(runner.plan().seed, base::RandomStream::kAudit,
                                           static_cast<std::uint64_t>(trial)) < share;
}

Reply run_one(const TrialRunner& runner, std::int64_t number, const WorkerOptions& options) {
  const Trial trial = runner.trial(number);
  const TrialOutcome fast = runner.run(trial, options.shortcuts);
  Reply reply = pack(runner, trial, fast);
  if (!is_audited(runner, number, options.audit_share)) return reply;
  reply.audited = true;
  reply.differs = !same_result(fast, runner.run_whole(trial, run::EngineKind::kSystemc));
  return reply;
}

/// A pipe's ends, closed with it.
class Pipe {
 public:
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { close(); }

  bool open() {
    close();
    return ::pipe(ends_.data()) == 0;
  }
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_reading() { close(ends_[0]); }
  void close_writing() { close(ends_[1]); }
  void close() {
    close_reading();
    close_writing();
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

class Worker {
 public:
  /// Throws base::InputError naming the limit that keeps a process from being started.
  Worker(const TrialRunner& runner, const WorkerOptions& options)
      : runner_(runner), options_(options) {
    start();
  }
  ~Worker() { end(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int replies() const { return replies_.reading(); }
  /// Given and not answered yet; the first is the one that runs.
  const std::deque<std::int64_t>& trials() const { return trials_; }
  /// The trial that runs has had more seconds of the processor than that. While the worker is
  /// stopped, waits or the machine is suspended it has none.
  bool overdue(std::int64_t seconds) const {
    if (trials_.empty() || Clock::now() - since_ <= std::chrono::seconds(seconds)) return false;
    return cpu_seconds() - cpu_since_ > static_cast<double>(seconds);
  }
  /// Of a worker that is gone the loss shows when it is asked for replies.
  void give(const std::vector<std::int64_t>& trials) {
    if (trials_.empty()) begin_trial();
    trials_.insert(trials_.end(), trials.begin(), trials.end());
    write_all(orders_.writing(), trials.data(), trials.size() * sizeof(std::int64_t));
  }
  /// Those that are there, at least one. Empty when the worker is gone.
  std::vector<Reply> take() {
    // Each was written at once, so a read ends between two of them.
    static_assert(sizeof(Reply) <= PIPE_BUF);
    std::vector<Reply> replies(kMostAhead);
    ssize_t got = 0;
    do {
      got = ::read(replies_.reading(), replies.data(), replies.size() * sizeof(Reply));
    } while (got < 0 && errno == EINTR);
    replies.resize(got > 0 ? static_cast<std::size_t>(got) / sizeof(Reply) : 0);
    trials_.erase(trials_.begin(), trials_.begin() + static_cast<std::ptrdiff_t>(replies.size()));
    begin_trial();
    return replies;
  }
  /// Of a worker that is gone.
  WorkerEnd wait() {
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    return worker_end(status);
  }
  /// Starts a fresh process; what was given is forgotten.
  void restart() {
    end();
    trials_.clear();
    start();
  }

 private:
  void start() {
    const bool piped = orders_.open() && replies_.open();
    const pid_t parent = ::getpid();
    const pid_t child = piped ? ::fork() : -1;
    if (child < 0) {
      throw base::InputError({"", 0, "workers"},
                             "a process cannot be started: " + base::system_error(errno),
                             "a higher limit or fewer workers; 'resume' goes on");
    }
    if (child > 0) {
      child_ = child;
      orders_.close_reading();
      replies_.close_writing();
      return;
    }
    // The worker ends with its parent, and by _exit: the parent's open files are not its own.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
    orders_.close_writing();
    replies_.close_reading();
    int code = 0;
    try {
      std::int64_t trial = kNoTrial;
      while (::getppid() == parent && read_all(orders_.reading(), &trial, sizeof trial)) {
        const Reply reply = run_one(runner_, trial, options_);
        if (!write_all(replies_.writing(), &reply, sizeof reply)) break;
      }
    } catch (const std::bad_alloc&) {
      code = kWorkerNoMemory;
    } catch (...) {
      code = kWorkerFailed;
    }
    ::_exit(code);
  }

  void end() {
    orders_.close();
    replies_.close();
    if (child_ < 0) return;
    ::kill(child_, SIGKILL);
    wait();
  }

  void begin_trial() {
    since_ = Clock::now();
    cpu_since_ = cpu_seconds();
  }

  double cpu_seconds() const {
    clockid_t clock{};
    timespec time{};
    // Neither works for a process that is gone, which shows by its pipe.
    if (::clock_getcpuclockid(child_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  const TrialRunner& runner_;
  const WorkerOptions& options_;
  pid_t child_ = -1;
  Pipe orders_;
  Pipe replies_;
  std::deque<std::int64_t> trials_;
  Clock::time_point since_{};
  double cpu_since_ = 0;
};

/// Runs lists of trials and records them.
class Campaign {
 public:
  Campaign(const TrialRunner& runner, Store& store, const WorkerOptions& options,
           const std::function<void(const CampaignProgress&)>& callback)
      : runner_(runner), store_(store), options_(options), callback_(callback) {
    ::signal(SIGPIPE, SIG_IGN);  // a worker that died shows as a failed read
    progress_.done = store.recorded_count();
  }

  CampaignProgress run() {
    std::vector<std::int64_t> draws = current_round(store_);
    while (true) {
      run_round(draws);
      if (progress_.stopped) return progress_;
      std::vector<std::int64_t> next = next_round(store_, draws);
      if (next == draws) return progress_;
      draws = std::move(next);
    }
  }

 private:
  void run_round(const std::vector<std::int64_t>& draws) {
    std::vector<bool> settled = store_.recorded();
    const std::vector<LostTrial> lost = store_.lost();
    for (const LostTrial& trial : lost) settled[static_cast<std::size_t>(trial.number)] = true;
    tallies_.clear();
    for (std::size_t i = 0; i < draws.size(); ++i) tallies_.push_back(store_.tally(i, draws[i]));
    WantedTrials wanted(store_, draws);
    progress_.total = wanted.count();
    next_ = [&]() -> std::int64_t {
      if (!given_back_.empty()) {
        const std::int64_t trial = given_back_.front();
        given_back_.pop_front();
        return trial;
      }
      while (const std::optional<std::int64_t> trial = wanted.next()) {
        if (!settled[static_cast<std::size_t>(*trial)]) return *trial;
      }
      return kNoTrial;
    };
    const auto left = progress_.total - progress_.done - static_cast<std::int64_t>(lost.size());
    const auto workers = std::min<std::int64_t>(options_.workers, left);
    while (static_cast<std::int64_t>(workers_.size()) < workers) {
      workers_.push_back(std::make_unique<Worker>(runner_, options_));
    }
    for (const auto& worker : workers_) feed(*worker);
    while (running_ > 0) {
      if (options_.stop && options_.stop()) {
        progress_.stopped = true;
        break;
      }
      poll_workers();
      constexpr std::chrono::milliseconds kWriteInterval{300};
      constexpr std::size_t kMostWaiting = 4096;
      if (waiting_.size() >= kMostWaiting || Clock::now() - written_ > kWriteInterval) write();
    }
    write();
  }

  // Short trials are given ahead, so that a worker need not wait for its next one.
  std::size_t ahead() const {
    constexpr double kShort = 0.01;
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    const auto answered = static_cast<double>(answered_);
    return answered > 0 && seconds * static_cast<double>(workers_.size()) < kShort * answered
               ? kMostAhead
               : 1;
  }

  void feed(Worker& worker) {
    const std::size_t most = ahead();
    if (2 * worker.trials().size() > most) return;
    std::vector<std::int64_t> trials;
    while (worker.trials().size() + trials.size() < most) {
      const std::int64_t trial = next_();
      if (trial == kNoTrial) break;
      trials.push_back(trial);
    }
    if (trials.empty()) return;
    worker.give(trials);
    running_ += static_cast<std::int64_t>(trials.size());
  }

  void poll_workers() {
    std::vector<pollfd> files;
    files.reserve(workers_.size());
    for (const auto& worker : workers_) files.push_back({worker->replies(), POLLIN, 0});
    constexpr int kPollMs = 200;
    ::poll(files.data(), files.size(), kPollMs);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = *workers_[i];
      const bool answers = (files[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
      if (worker.trials().empty()) {
        if (answers) worker.restart();  // it has nothing to say: something ended it
        continue;
      }
      if (answers) {
        const std::vector<Reply> replies = worker.take();
        if (replies.empty()) {
          retry(worker);
          continue;
        }
        feed(worker);
        for (const Reply& reply : replies) {
          SIM_CHECK(!reply.differs, "campaign", -1,
                    "the engines differ on trial " + std::to_string(reply.trial));
          progress_.audited += reply.audited ? 1 : 0;
          --running_;
          ++answered_;
          keep(reply.trial, unpack(runner_, reply));
        }
      } else if (worker.overdue(runner_.plan().seconds_a_trial)) {
        keep_failed(take_back(worker), TrialStatus::kTimedOut);
        replace(worker);
      }
    }
  }

  // The trial that ran, of a worker that will run no more; those given ahead go back.
  std::int64_t take_back(const Worker& worker) {
    const std::deque<std::int64_t>& given = worker.trials();
    running_ -= static_cast<std::int64_t>(given.size());
    given_back_.insert(given_back_.begin(), given.begin() + 1, given.end());
    return given.front();
  }

  void retry(Worker& worker) {
    const std::int64_t trial = take_back(worker);
    std::vector<WorkerEnd>& ends = ends_[trial];
    ends.push_back(worker.wait());
    if (ends.size() < kMostTries) {
      given_back_.push_front(trial);
    } else if (is_crash(ends)) {
      keep_failed(trial, TrialStatus::kCrashed);
    } else {
      lost_.push_back({trial, describe(ends)});
    }
    replace(worker);
  }

  void replace(Worker& worker) {
    write();  // a fresh one may not be to be had
    worker.restart();
    for (const auto& each : workers_) feed(*each);
  }

  void keep_failed(std::int64_t number, TrialStatus status) {
    TrialOutcome outcome;
    outcome.status = status;
    keep(number, outcome);
  }

  void keep(std::int64_t number, TrialOutcome outcome) {
    const Trial trial = runner_.trial(number);
    tallies_[trial.population].add(outcome, store_.critical_images());
    waiting_.push_back({trial, runner_.faults(trial), std::move(outcome)});
  }

  void write() {
    store_.record(waiting_, lost_);
    lost_.clear();
    progress_.done += static_cast<std::int64_t>(waiting_.size());
    progress_.now += static_cast<std::int64_t>(waiting_.size());
    waiting_.clear();
    written_ = Clock::now();
    progress_.seconds = std::chrono::duration<double>(written_ - began_).count();
    if (!callback_) return;
    progress_.widest.reset();
    for (std::size_t i = 0; i < tallies_.size(); ++i) {
      const PopulationState state = state_of(store_.plan(), store_.populations()[i], tallies_[i]);
      if (!state.interval) continue;
      progress_.widest = std::max(progress_.widest.value_or(0), state.interval->half_width());
    }
    callback_(progress_);
  }

  const TrialRunner& runner_;
  Store& store_;
  const WorkerOptions& options_;
  const std::function<void(const CampaignProgress&)>& callback_;
  CampaignProgress progress_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::function<std::int64_t()> next_;   ///< trial to run, kNoTrial after the last
  std::deque<std::int64_t> given_back_;  ///< of workers that died
  std::vector<Tally> tallies_;           ///< [population], as recorded or about to be
  std::map<std::int64_t, std::vector<WorkerEnd>> ends_;  ///< [trial] of the workers that ran it
  std::vector<LostTrial> lost_;
  std::vector<TrialRow> waiting_;
  std::int64_t running_ = 0;
  std::int64_t answered_ = 0;
  Clock::time_point began_ = Clock::now();
  Clock::time_point written_ = began_;
};

}  // namespace

CampaignProgress run_campaign(const TrialRunner& runner, Store& store, const WorkerOptions& options,
                              const std::function<void(const CampaignProgress&)>& callback) {
  return Campaign(runner, store, options, callback).run();
}

}  // namespace lacuna::campaign
