// Loaded before a program's libraries it says that every file lies on NFS: how the program locks
// its stores there can then be seen without one.
#include <linux/magic.h>
#include <sys/vfs.h>

extern "C" int fstatfs(int /*file*/, struct statfs* system) noexcept {
  *system = {};
  system->f_type = NFS_SUPER_MAGIC;
  return 0;
}
