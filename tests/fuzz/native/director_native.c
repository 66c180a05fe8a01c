/*
 * The director's program, compiled for this machine: the build that can trace, which is the other
 * one and more, and the program that enters what other directors tell, over the same maps.
 */
#include "bpf/director_trace.bpf.c"

#define _license sync_license
#include "bpf/sync.bpf.c"
