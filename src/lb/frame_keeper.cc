#include "lb/frame_keeper.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <utility>

#include "bpf/hash.h"
#include "lb/abi_values.h"
#include "lb/conn_table.h"
#include "lb/packet_cutter.h"

namespace plenum::lb {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The program is told that somebody listens for so long, every so often: a daemon that hangs
// or was killed is noticed, one that is busy for a moment is not missed.
constexpr Duration kTelling = seconds(1);
constexpr std::uint32_t kListening = 3'000'000'000u >> PL_TICK_SHIFT;
// How soon what a full ring lost is noticed, and what is over goes.
constexpr Duration kSweeping = milliseconds(200);

Duration kept_for(const pl_fragment_key& key) {
  return seconds(key.family == 6 ? PL_DATAGRAM_SECONDS_V6 : PL_DATAGRAM_SECONDS_V4);
}

void add(__u64& counter, std::size_t count) {
  auto word = shared(counter);
  word.store(word.load() + count);
}

}  // namespace

void FrameKeeper::Free::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

FrameKeeper::FrameKeeper(rt::Loop& loop, const Clock& clock, XdpProgram& program) : clock_(clock), program_(program) {
  telling_ = loop.every(kTelling, [this] { tell(); });
  sweeping_ = loop.every(kSweeping, [this] { sweep(); });
}

Result<std::unique_ptr<FrameKeeper>> FrameKeeper::open(rt::Loop& loop, const Clock& clock, XdpProgram& program) {
  std::unique_ptr<FrameKeeper> keeper(new FrameKeeper(loop, clock, program));
  keeper->ring_.reset(ring_buffer__new(program.map_fd("pl_frames"), &FrameKeeper::take, keeper.get(), nullptr));
  if (!keeper->ring_) return fail_errno("open the ring of frames");
  auto* self = keeper.get();
  PLENUM_TRY(
      keeper->readable_,
      loop.on_readable(ring_buffer__epoll_fd(keeper->ring_.get()), [self] { ring_buffer__consume(self->ring_.get()); }),
      "watch the ring of frames");
  return keeper;
}

FrameKeeper::~FrameKeeper() { listen(false); }

void FrameKeeper::listen(bool on) {
  listening_ = on;
  tell();
}

void FrameKeeper::tell() {
  const auto now = current_tick();
  shared(program_.frame_keeper[0].until).store(listening_ ? now + kListening : now);
}

int FrameKeeper::take(void* self, void* data, std::size_t size) {
  const auto& head = *static_cast<const pl_frame*>(data);
  if (size >= sizeof head && head.length <= size - sizeof head)
    static_cast<FrameKeeper*>(self)->take(head, static_cast<const std::uint8_t*>(data) + sizeof head);
  return 0;
}

void FrameKeeper::take(const pl_frame& head, const std::uint8_t* bytes) {
  switch (head.kind) {
    case PL_FRAME_HELD:
      return hold(head, Frame(bytes, bytes + head.length));
    case PL_FRAME_FIRST:
      return release(fragment_key(head.key));
    case PL_FRAME_CUT:
      return cut(head, Frame(bytes, bytes + head.length));
  }
}

void FrameKeeper::hold(const pl_frame& head, Frame frame) {
  const auto key = fragment_key(head.key);
  if (!store_.keep(key, {std::move(frame), head.ifindex, clock_.now() + kept_for(head.key)}))
    return add(program_.frame_keeper[0].no_room, 1);
  // The first fragment may have passed while this one was on its way here.
  if (first_has_passed(key)) release(key);
}

bool FrameKeeper::first_has_passed(const FragmentKey& key) const {
  pl_datagram datagram{};
  return bpf_map_lookup_elem(program_.map_fd("pl_datagrams"), key.data(), &datagram) == 0 &&
         datagram.state > PL_DATAGRAM_WAITING;
}

void FrameKeeper::release(const FragmentKey& key) {
  for (const auto& fragment : store_.take(key))
    if (send(fragment.frame, fragment.ifindex)) add(program_.frame_keeper[0].released, 1);
}

void FrameKeeper::cut(const pl_frame& head, const Frame& frame) {
  for (const auto& piece : cut_ipv4(frame, head.l3, head.mtu))
    if (send(piece, head.ifindex)) add(program_.frame_keeper[0].cut, 1);
}

bool FrameKeeper::send(const Frame& frame, std::uint32_t ifindex) {
  xdp_md context{};
  context.data_end = static_cast<std::uint32_t>(frame.size());
  context.ingress_ifindex = ifindex;
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = frame.data();
  options.data_size_in = context.data_end;
  options.ctx_in = &context;
  options.ctx_size_in = sizeof context;
  options.repeat = 1;
  options.batch_size = 1;
  options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
  return bpf_prog_test_run_opts(program_.program_fd(), &options) == 0;
}

void FrameKeeper::sweep() {
  if (store_.size() == 0) return;
  for (const auto& key : store_.keys())
    if (first_has_passed(key)) release(key);
  if (const auto gone = store_.expire(clock_.now()); gone != 0) add(program_.frame_keeper[0].expired, gone);
}

void show_fragment_targets(const MappedArray<std::uint64_t>& filter, const std::set<net::Address>& addresses,
                           bool any) {
  std::vector<std::uint64_t> words(filter.size(), any ? ~std::uint64_t{0} : 0);
  for (const auto& address : addresses) {
    const pl_addr wire = abi_address(address);
    const auto bit = pl_nat_bit(&wire);
    words[bit / 64] |= std::uint64_t{1} << bit % 64;
  }
  for (std::size_t i = 0; i < words.size(); ++i)
    if (shared(filter[i]).load() != words[i]) shared(filter[i]).store(words[i]);
}

}  // namespace plenum::lb
