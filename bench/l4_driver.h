/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the benchmark tells its driver program: which packets to write. */
#ifndef PLENUM_BENCH_L4_DRIVER_H
#define PLENUM_BENCH_L4_DRIVER_H

#include <linux/types.h>

/* Flow i comes from client 10.0.0.0 + i / 16, port 1024 + i % 16. */
struct l4_driver_order {
  __u32 random; /* 1: flow is a random one of 0..mask; 0: next, then next + 1 ... */
  __u32 mask;
  __u64 next;
  __u64 state; /* of the random numbers; not 0 */
  __u32 vip;   /* network order */
  __u16 port;  /* network order */
  __u8 flags;  /* of TCP */
  __u8 spare;
  __u8 to_mac[6], from_mac[6];
};

#endif
