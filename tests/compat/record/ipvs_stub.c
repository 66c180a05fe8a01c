// Stands in for the kernel under the real ipvsadm, so that its command line parser can be
// recorded on a machine without IPVS: LD_PRELOADed, it takes libnl's place, answers "version
// 1.2.1, 4096 buckets" to the first question, accepts every command, has nothing to list (a service asked for is not there), and
// appends what the kernel would have been told to the file $IPVS_STUB_SENT, a line each.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nl_recvmsg_msg_cb_t valid_func;
static void *valid_arg;
static nl_recvmsg_err_cb_t error_func;
static void *error_arg;
static int last_cmd, last_is_dump;

static const char *const kCommands[] = {
	[IPVS_CMD_NEW_SERVICE] = "new-service", [IPVS_CMD_SET_SERVICE] = "set-service",
	[IPVS_CMD_DEL_SERVICE] = "del-service", [IPVS_CMD_GET_SERVICE] = "get-service",
	[IPVS_CMD_NEW_DEST] = "new-dest",       [IPVS_CMD_SET_DEST] = "set-dest",
	[IPVS_CMD_DEL_DEST] = "del-dest",       [IPVS_CMD_GET_DEST] = "get-dest",
	[IPVS_CMD_NEW_DAEMON] = "new-daemon",   [IPVS_CMD_DEL_DAEMON] = "del-daemon",
	[IPVS_CMD_GET_DAEMON] = "get-daemon",   [IPVS_CMD_SET_CONFIG] = "set-config",
	[IPVS_CMD_GET_CONFIG] = "get-config",   [IPVS_CMD_SET_INFO] = "set-info",
	[IPVS_CMD_GET_INFO] = "get-info",       [IPVS_CMD_ZERO] = "zero",
	[IPVS_CMD_FLUSH] = "flush",
};

int genl_connect(struct nl_sock *sock) { return 0; }
int genl_ctrl_resolve(struct nl_sock *sock, const char *name) { return 30; }

int nl_socket_modify_cb(struct nl_sock *sock, enum nl_cb_type type, enum nl_cb_kind kind, nl_recvmsg_msg_cb_t func,
			void *arg)
{
	valid_func = func;
	valid_arg = arg;
	return 0;
}

int nl_socket_modify_err_cb(struct nl_sock *sock, enum nl_cb_kind kind, nl_recvmsg_err_cb_t func, void *arg)
{
	error_func = func;
	error_arg = arg;
	return 0;
}

static void print_addr(FILE *out, const char *name, int af, struct nlattr *attr)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(af, nla_data(attr), text, sizeof(text));
	fprintf(out, " %s=%s", name, text);
}

static void print_service(FILE *out, struct nlattr *nested)
{
	struct nlattr *a[IPVS_SVC_ATTR_MAX + 1];
	int af;

	nla_parse_nested(a, IPVS_SVC_ATTR_MAX, nested, NULL);
	af = nla_get_u16(a[IPVS_SVC_ATTR_AF]);
	fprintf(out, " af=%d", af == AF_INET ? 4 : af == AF_INET6 ? 6 : 0);
	if (a[IPVS_SVC_ATTR_FWMARK]) {
		fprintf(out, " fwmark=%u", nla_get_u32(a[IPVS_SVC_ATTR_FWMARK]));
	} else {
		fprintf(out, " proto=%d", nla_get_u16(a[IPVS_SVC_ATTR_PROTOCOL]));
		print_addr(out, "addr", af == AF_INET6 ? AF_INET6 : AF_INET, a[IPVS_SVC_ATTR_ADDR]);
		fprintf(out, " port=%d", ntohs(nla_get_u16(a[IPVS_SVC_ATTR_PORT])));
	}
	// Only a new or changed service has more; elsewhere these are defaults nobody reads.
	if (last_cmd != IPVS_CMD_NEW_SERVICE && last_cmd != IPVS_CMD_SET_SERVICE)
		return;
	struct ip_vs_flags flags;
	memcpy(&flags, nla_data(a[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	fprintf(out, " sched=%s flags=%d ops=%d", nla_get_string(a[IPVS_SVC_ATTR_SCHED_NAME]),
		(flags.flags >> 3) & 7, !!(flags.flags & IP_VS_SVC_F_ONEPACKET));
	if (flags.flags & IP_VS_SVC_F_PERSISTENT) {
		unsigned netmask = nla_get_u32(a[IPVS_SVC_ATTR_NETMASK]);

		fprintf(out, " timeout=%u netmask=%x", nla_get_u32(a[IPVS_SVC_ATTR_TIMEOUT]),
			af == AF_INET6 ? netmask : ntohl(netmask));
		if (a[IPVS_SVC_ATTR_PE_NAME])
			fprintf(out, " pe=%s", nla_get_string(a[IPVS_SVC_ATTR_PE_NAME]));
	}
}

static void print_dest(FILE *out, struct nlattr *nested)
{
	struct nlattr *a[IPVS_DEST_ATTR_MAX + 1];
	int af;

	nla_parse_nested(a, IPVS_DEST_ATTR_MAX, nested, NULL);
	af = nla_get_u16(a[IPVS_DEST_ATTR_ADDR_FAMILY]);
	print_addr(out, "-> addr", af == AF_INET6 ? AF_INET6 : AF_INET, a[IPVS_DEST_ATTR_ADDR]);
	fprintf(out, " port=%d", ntohs(nla_get_u16(a[IPVS_DEST_ATTR_PORT])));
	if (last_cmd == IPVS_CMD_DEL_DEST)
		return;
	fprintf(out, " fwd=%u weight=%d upper=%u lower=%u", nla_get_u32(a[IPVS_DEST_ATTR_FWD_METHOD]),
		(int)nla_get_u32(a[IPVS_DEST_ATTR_WEIGHT]), nla_get_u32(a[IPVS_DEST_ATTR_U_THRESH]),
		nla_get_u32(a[IPVS_DEST_ATTR_L_THRESH]));
	if (nla_get_u32(a[IPVS_DEST_ATTR_FWD_METHOD]) == 2)
		fprintf(out, " tun=%d:%d:%d", nla_get_u8(a[IPVS_DEST_ATTR_TUN_TYPE]),
			ntohs(nla_get_u16(a[IPVS_DEST_ATTR_TUN_PORT])), nla_get_u16(a[IPVS_DEST_ATTR_TUN_FLAGS]));
}

int nl_send_auto_complete(struct nl_sock *sock, struct nl_msg *msg)
{
	struct nlattr *a[IPVS_CMD_ATTR_MAX + 1];
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct genlmsghdr *genl = nlmsg_data(header);
	const char *path = getenv("IPVS_STUB_SENT");
	FILE *out;

	last_cmd = genl->cmd;
	last_is_dump = !!(header->nlmsg_flags & NLM_F_DUMP);
	if (last_cmd == IPVS_CMD_GET_INFO || !path || !(out = fopen(path, "a")))
		return 0;
	fputs(kCommands[last_cmd], out);
	genlmsg_parse(header, 0, a, IPVS_CMD_ATTR_MAX, NULL);
	if (a[IPVS_CMD_ATTR_SERVICE])
		print_service(out, a[IPVS_CMD_ATTR_SERVICE]);
	if (a[IPVS_CMD_ATTR_DEST])
		print_dest(out, a[IPVS_CMD_ATTR_DEST]);
	if (last_cmd == IPVS_CMD_SET_CONFIG)
		fprintf(out, " tcp=%u fin=%u udp=%u", nla_get_u32(a[IPVS_CMD_ATTR_TIMEOUT_TCP]),
			nla_get_u32(a[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN]), nla_get_u32(a[IPVS_CMD_ATTR_TIMEOUT_UDP]));
	fputc('\n', out);
	fclose(out);
	return 0;
}

int nl_recvmsgs_default(struct nl_sock *sock)
{
	struct nl_msg *msg;

	if (last_cmd == IPVS_CMD_GET_SERVICE && !last_is_dump) {
		struct nlmsgerr error = { .error = -ESRCH };

		error_func(NULL, &error, error_arg);
		return -1;
	}
	if (last_cmd == IPVS_CMD_GET_CONFIG || last_cmd == IPVS_CMD_GET_INFO) {
		msg = nlmsg_alloc();
		genlmsg_put(msg, 1, 1, 30, 0, 0, last_cmd, IPVS_GENL_VERSION);
		if (last_cmd == IPVS_CMD_GET_INFO) {
			nla_put_u32(msg, IPVS_INFO_ATTR_VERSION, 0x010201);
			nla_put_u32(msg, IPVS_INFO_ATTR_CONN_TAB_SIZE, 4096);
		} else {
			nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, 900);
			nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 120);
			nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_UDP, 300);
		}
		valid_func(msg, valid_arg);
		nlmsg_free(msg);
	}
	return 0;
}
