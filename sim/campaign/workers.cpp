#include "campaign/workers.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <memory>

#include "base/error.hpp"
#include "base/random.hpp"

namespace lacuna::campaign {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kNoTrial = -1;
constexpr std::size_t kHashLength = 64;

/// What a worker sends back: plain bytes, less than a pipe writes at once.
struct Reply {
  std::int64_t trial = kNoTrial;
  TrialStatus status = TrialStatus::kDone;
  bool audited = false;
  bool differs = false;
  std::array<std::int64_t, 7> counts{};
  std::array<char, kHashLength> hash{};
};

Reply pack(std::int64_t trial, const TrialOutcome& outcome) {
  Reply reply;
  reply.trial = trial;
  reply.status = outcome.status;
  reply.counts = {outcome.armed,  outcome.fired, outcome.correct, outcome.masked,
                  outcome.benign, outcome.sdc,   outcome.cycles};
  std::copy_n(outcome.logits_sha256.begin(), std::min(kHashLength, outcome.logits_sha256.size()),
              reply.hash.begin());
  return reply;
}

TrialOutcome unpack(const Reply& reply) {
  TrialOutcome outcome;
  outcome.status = reply.status;
  outcome.armed = reply.counts[0];
  outcome.fired = reply.counts[1];
  outcome.correct = reply.counts[2];
  outcome.masked = reply.counts[3];
  outcome.benign = reply.counts[4];
  outcome.sdc = reply.counts[5];
  outcome.cycles = reply.counts[6];
  outcome.logits_sha256.assign(reply.hash.begin(), reply.hash.end());
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

Reply run_one(const TrialRunner& runner, std::int64_t number, double audit_share) {
  const Trial trial = trial_of(runner.plan(), number);
  try {
    const Reply fast = pack(number, runner.run(trial));
    if (!is_audited(runner, number, audit_share)) return fast;
    const Reply systemc = pack(number, runner.run(trial, engine::EngineKind::kSystemc));
    Reply reply = fast;
    reply.audited = true;
    reply.differs = fast.counts != systemc.counts || fast.hash != systemc.hash;
    return reply;
  } catch (const std::exception&) {
    Reply reply;  // the trial's own outcome; the same whoever runs it
    reply.trial = number;
    reply.status = TrialStatus::kCrashed;
    return reply;
  }
}

class Worker {
 public:
  Worker(const TrialRunner& runner, double audit_share) : runner_(runner), share_(audit_share) {
    start();
  }
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int replies() const { return from_; }
  std::int64_t trial() const { return trial_; }
  bool overdue(Clock::time_point now, std::int64_t seconds) const {
    return trial_ != kNoTrial && now - since_ > std::chrono::seconds(seconds);
  }
  /// False when the worker is gone.
  bool give(std::int64_t trial) {
    trial_ = trial;
    since_ = Clock::now();
    return write_all(to_, &trial, sizeof trial);
  }
  bool take(Reply& reply) {
    if (!read_all(from_, &reply, sizeof reply)) return false;
    trial_ = kNoTrial;
    return true;
  }
  void restart() {
    stop();
    trial_ = kNoTrial;
    start();
  }

 private:
  void start() {
    int orders[2];
    int replies[2];
    SIM_CHECK(::pipe(orders) == 0 && ::pipe(replies) == 0, "campaign", -1, "no pipe to be had");
    const pid_t parent = ::getpid();
    child_ = ::fork();
    SIM_CHECK(child_ >= 0, "campaign", -1, "no process to be had");
    if (child_ > 0) {
      ::close(orders[0]);
      ::close(replies[1]);
      to_ = orders[1];
      from_ = replies[0];
      return;
    }
    // The worker ends with its parent, and by _exit: the parent's open files are not its own.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(orders[1]);
    ::close(replies[0]);
    std::int64_t trial = kNoTrial;
    while (::getppid() == parent && read_all(orders[0], &trial, sizeof trial)) {
      const Reply reply = run_one(runner_, trial, share_);
      if (!write_all(replies[1], &reply, sizeof reply)) break;
    }
    ::_exit(0);
  }

  void stop() {
    ::close(to_);
    ::close(from_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  const TrialRunner& runner_;
  double share_;
  pid_t child_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::int64_t trial_ = kNoTrial;
  Clock::time_point since_{};
};

}  // namespace

CampaignProgress run_trials(const TrialRunner& runner, Store& store, const WorkerOptions& options,
                            const std::function<void(const CampaignProgress&)>& callback) {
  ::signal(SIGPIPE, SIG_IGN);  // a worker that died shows as a failed write
  const std::vector<bool> recorded = store.recorded();
  CampaignProgress progress;
  progress.total = static_cast<std::int64_t>(recorded.size());
  progress.done = std::count(recorded.begin(), recorded.end(), true);
  const Clock::time_point began = Clock::now();

  std::int64_t cursor = 0;
  const auto next = [&] {
    while (cursor < progress.total && recorded[static_cast<std::size_t>(cursor)]) ++cursor;
    return cursor < progress.total ? cursor++ : kNoTrial;
  };
  const std::int64_t left = progress.total - progress.done;
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(options.workers, left); ++i) {
    workers.push_back(std::make_unique<Worker>(runner, options.audit_share));
  }
  std::vector<NumberedOutcome> waiting;
  Clock::time_point written = began;
  std::int64_t running = 0;
  const auto give_next = [&](Worker& worker) {
    const std::int64_t trial = next();
    if (trial == kNoTrial) return;
    worker.give(trial);  // a worker that is gone shows in its reply
    ++running;
  };
  const auto lose = [&](Worker& worker, TrialStatus status) {
    TrialOutcome outcome;
    outcome.status = status;
    waiting.emplace_back(worker.trial(), outcome);
    --running;
    worker.restart();
    give_next(worker);
  };
  const auto write = [&] {
    store.record(runner.plan(), waiting);
    progress.done += static_cast<std::int64_t>(waiting.size());
    progress.now += static_cast<std::int64_t>(waiting.size());
    waiting.clear();
    written = Clock::now();
    progress.seconds = std::chrono::duration<double>(written - began).count();
    if (callback) callback(progress);
  };

  for (const auto& worker : workers) give_next(*worker);
  while (running > 0) {
    std::vector<pollfd> files;
    files.reserve(workers.size());
    for (const auto& worker : workers) files.push_back({worker->replies(), POLLIN, 0});
    constexpr int kPollMs = 200;
    ::poll(files.data(), files.size(), kPollMs);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      Worker& worker = *workers[i];
      if (worker.trial() == kNoTrial) continue;
      if ((files[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        Reply reply;
        if (!worker.take(reply)) {
          lose(worker, TrialStatus::kCrashed);
          continue;
        }
        SIM_CHECK(!reply.differs, "campaign", -1,
                  "the engines differ on trial " + std::to_string(reply.trial));
        progress.audited += reply.audited ? 1 : 0;
        waiting.emplace_back(reply.trial, unpack(reply));
        --running;
        give_next(worker);
      } else if (worker.overdue(Clock::now(), runner.plan().seconds_a_trial)) {
        lose(worker, TrialStatus::kTimedOut);
      }
    }
    constexpr std::chrono::milliseconds kWriteInterval{300};
    if (Clock::now() - written > kWriteInterval) write();
  }
  write();
  return progress;
}

}  // namespace lacuna::campaign
