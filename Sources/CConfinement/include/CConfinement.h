#ifndef CCONFINEMENT_H
#define CCONFINEMENT_H

#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/types.h>

// What Swift cannot call itself: variadic functions and GNU extensions.

// Privileges of set-user-id programs are not gained from now on, in this process and what it becomes.
int confinement_forbid_privileges(void);

// socket(2) fails with EPERM from now on; needs confinement_forbid_privileges() first. Without sockets there is no network,
// also where unprivileged user namespaces are switched off.
int confinement_forbid_sockets(void);

// A close-on-exec descriptor that becomes readable when the child has ended.
int confinement_watch_process(pid_t child);

// A child started with these actions has no descriptor from `first` upwards.
int confinement_close_from(posix_spawn_file_actions_t *actions, int first);

// A close-on-exec pipe: its reading and its writing end.
int confinement_make_pipe(int ends[2]);

// A close-on-exec file that is in no folder, and in memory only.
int confinement_make_memory_file(const char *name);

#endif
