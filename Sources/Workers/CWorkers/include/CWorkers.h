#ifndef CWORKERS_H
#define CWORKERS_H
#include <sys/types.h>

/// fork(2), which Swift hides. Only for a process that has never had a second thread.
pid_t workers_fork(void);
/// Sends `descriptor` and one byte over the UNIX socket `socket` (SCM_RIGHTS). 0, or -1 with errno.
int workers_send_descriptor(int socket, int descriptor);
/// Receives a descriptor, close-on-exec. -1 at the end of the stream or on failure.
int workers_receive_descriptor(int socket);
/// Asks the kernel to kill this process when its parent ends.
void workers_die_with_parent(void);
/// Starts `arguments[0]` in a process group of its own (Ctrl-C is for the parent): standard input empty, output and errors to `output`,
/// `control` as descriptor 3, everything else closed. 0, or an errno.
int workers_spawn(char *const arguments[], int control, int output, pid_t *process);
/// An event counter, close-on-exec and non-blocking. -1 with errno.
int workers_event(void);
/// pipe2(2) with close-on-exec. 0, or -1 with errno.
int workers_pipe(int ends[2]);
/// Turns core dumps off, takes long turns (20 ms: a decoder's memory does not fit into the processor's cache, so that each change of
/// turns costs; eight decoders on two cores are a quarter quicker), lowers the priority by `nice`, and leaves Ctrl-C and SIGTERM to the parent: a worker ends when its socket does.
void workers_become_worker(int nice);
/// Processor time that `process` used so far, in nanoseconds; 0 when it is gone.
unsigned long long workers_processor_time(pid_t process);
#endif
