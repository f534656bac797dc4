/*
 * LD_PRELOAD: answers the requests of a program to WireGuard's generic netlink family from datagrams in files, in the
 * place of a kernel, at native speed. Everything else goes to the real system.
 *
 *   REPLAY_DUMPS       folder with a file for each device and size of receive buffer: <device>.32448, <device>.4096; see dump.mjs
 *   REPLAY_PICOSECONDS the kernel's own time for each byte of a dump. It is spent where the kernel spends it: the first
 *                      datagram is filled within the write that asks, each other one within the read that takes the one before
 *   REPLAY_SENT        file that every set-device message is added to: u32 length, bytes
 *   REPLAY_USAGE       descriptor that gets "<user> <system>\n" in microseconds when the program ends
 *
 * A change is acknowledged at once. What the kernel would do with it is not part of any time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FAMILY 37 /* the kernel numbers its families; any number will do */
#define GET_DEVICE 0
#define SET_DEVICE 1
#define IFNAME 2
#define LARGE_BUFFER 32448 /* SKB_WITH_OVERHEAD(32768), the most that the kernel fills at once */
#define DESCRIPTORS 4096

enum answer { NOTHING, FAMILY_AND_ACK, ACK, DUMP };

/* What is still to be read from a descriptor. */
struct conversation {
  enum answer answer;
  ino_t socket; /* a number that was closed behind our back stands for something else */
  uint32_t sequence, port;
  size_t buffer; /* the largest that was read into */
  struct nlmsghdr request;
  int dump;
  uint32_t count, next, *lengths; /* of the datagrams */
  off_t offset;
};

static struct conversation conversations[DESCRIPTORS];
static const char *dumps;
static uint64_t picoseconds;
static int sent_file = -1, usage = -1;

static int (*real_close)(int);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
static ssize_t (*real_recvmsg)(int, struct msghdr *, int);
static int (*real_recvmmsg)(int, struct mmsghdr *, unsigned, int, struct timespec *);

__attribute__((constructor)) static void begin(void) {
  real_close = dlsym(RTLD_NEXT, "close");
  real_read = dlsym(RTLD_NEXT, "read");
  real_write = dlsym(RTLD_NEXT, "write");
  real_sendto = dlsym(RTLD_NEXT, "sendto");
  real_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
  real_recvmmsg = dlsym(RTLD_NEXT, "recvmmsg");
  const char *text;
  if ((text = getenv("REPLAY_PICOSECONDS"))) picoseconds = strtoull(text, NULL, 10);
  if ((text = getenv("REPLAY_SENT"))) sent_file = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if ((text = getenv("REPLAY_USAGE"))) usage = atoi(text);
  dumps = getenv("REPLAY_DUMPS");
}

__attribute__((destructor)) static void end(void) {
  struct rusage used;
  if (usage < 0 || getrusage(RUSAGE_SELF, &used)) return;
  dprintf(usage, "%ld %ld\n", used.ru_utime.tv_sec * 1000000 + used.ru_utime.tv_usec,
          used.ru_stime.tv_sec * 1000000 + used.ru_stime.tv_usec);
}

static ino_t inode(int fd) {
  struct stat status;
  return fstat(fd, &status) ? 0 : status.st_ino;
}

static struct conversation *conversation(int fd) {
  if (!dumps || fd < 0 || fd >= DESCRIPTORS || conversations[fd].answer == NOTHING) return NULL;
  return conversations[fd].socket == inode(fd) ? &conversations[fd] : NULL;
}

static void spend_kernel_time(size_t bytes) {
  if (!picoseconds) return;
  uint64_t nanoseconds = bytes * picoseconds / 1000;
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((uint64_t)(now.tv_sec - start.tv_sec) * 1000000000u + now.tv_nsec - start.tv_nsec < nanoseconds);
}

/* -- what is sent */

static int is_netlink(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain == AF_NETLINK;
}

static const char *name_in(const unsigned char *attributes, size_t length) {
  for (size_t at = 0; at + 4 <= length;) {
    const struct nlattr *one = (const void *)(attributes + at);
    if (one->nla_len < 4) break;
    if (one->nla_type == IFNAME) return (const char *)(one + 1);
    at += NLA_ALIGN(one->nla_len);
  }
  return "";
}

/* A file of datagrams: u32 count, u32 length of each, their bytes. */
static int open_dump(struct conversation *c, const char *device) {
  char path[512];
  uint32_t count;
  snprintf(path, sizeof path, "%s/%s.%d", dumps, device, c->buffer && c->buffer < LARGE_BUFFER ? 4096 : LARGE_BUFFER);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  if (real_read(fd, &count, 4) != 4) abort();
  c->lengths = malloc(4 * count);
  if (real_read(fd, c->lengths, 4 * count) != (ssize_t)(4 * count)) abort();
  c->dump = fd;
  c->count = count;
  c->next = 0;
  c->offset = 4 * (count + 1);
  spend_kernel_time(c->lengths[0]);
  return 0;
}

static void close_dump(struct conversation *c) {
  if (c->answer != DUMP) return;
  real_close(c->dump);
  free(c->lengths);
}

static void keep(const void *bytes, uint32_t length) {
  if (sent_file < 0) return;
  if (real_write(sent_file, &length, 4) != 4 || real_write(sent_file, bytes, length) != length) abort();
}

/* Whether the message was for us; -1: the device is not there. */
static int taken(int fd, const void *bytes, size_t length) {
  if (!dumps || fd < 0 || fd >= DESCRIPTORS || length < NLMSG_HDRLEN + GENL_HDRLEN) return 0;
  const struct nlmsghdr *header = bytes;
  const struct genlmsghdr *generic = NLMSG_DATA(header);
  if (header->nlmsg_len != length || !(header->nlmsg_flags & NLM_F_REQUEST)) return 0;
  if (header->nlmsg_type != GENL_ID_CTRL && header->nlmsg_type != FAMILY) return 0;
  if (!is_netlink(fd)) return 0;
  struct conversation *c = &conversations[fd];
  ino_t socket = inode(fd);
  struct sockaddr_nl address;
  socklen_t size = sizeof address;
  close_dump(c);
  if (c->socket != socket) c->buffer = 0;
  if (getsockname(fd, (void *)&address, &size)) abort();
  c->socket = socket;
  c->port = address.nl_pid;
  c->sequence = header->nlmsg_seq;
  c->request = *header;
  c->answer = header->nlmsg_type == GENL_ID_CTRL ? FAMILY_AND_ACK : ACK;
  if (header->nlmsg_type == GENL_ID_CTRL) return 1;
  if (generic->cmd == SET_DEVICE) {
    keep(bytes, length);
    return 1;
  }
  size_t headers = NLMSG_HDRLEN + GENL_HDRLEN;
  if (open_dump(c, name_in((const unsigned char *)bytes + headers, length - headers))) {
    errno = ENODEV;
    return -1;
  }
  c->answer = DUMP;
  return 1;
}

/* -- what is read */

static size_t put_family(struct conversation *c, unsigned char *into) {
  struct { struct nlmsghdr header; struct genlmsghdr generic; struct nlattr id; uint16_t number, pad; struct nlattr name; char text[12];
           struct nlattr version; uint32_t v; } answer = {
    { sizeof answer, GENL_ID_CTRL, 0, c->sequence, c->port }, { CTRL_CMD_NEWFAMILY, 2, 0 },
    { 6, CTRL_ATTR_FAMILY_ID }, FAMILY, 0, { 14, CTRL_ATTR_FAMILY_NAME }, "wireguard", { 8, CTRL_ATTR_VERSION }, 1 };
  memcpy(into, &answer, sizeof answer);
  c->answer = c->request.nlmsg_flags & NLM_F_ACK ? ACK : NOTHING;
  return sizeof answer;
}

static size_t put_ack(struct conversation *c, unsigned char *into) {
  struct { struct nlmsghdr header; struct nlmsgerr error; } answer = {
    { sizeof answer, NLMSG_ERROR, 0x100 /* NLM_F_CAPPED */, c->sequence, c->port }, { 0, c->request } };
  memcpy(into, &answer, sizeof answer);
  c->answer = NOTHING;
  return sizeof answer;
}

static ssize_t put_datagram(struct conversation *c, unsigned char *into, size_t room) {
  uint32_t length = c->lengths[c->next];
  if (length > room || pread(c->dump, into, length, c->offset) != length) abort();
  for (uint32_t at = 0; at + NLMSG_HDRLEN <= length;) {
    struct nlmsghdr *message = (void *)(into + at);
    message->nlmsg_seq = c->sequence;
    message->nlmsg_pid = c->port;
    at += NLMSG_ALIGN(message->nlmsg_len);
  }
  c->offset += length;
  if (++c->next < c->count) spend_kernel_time(c->lengths[c->next]);
  else {
    close_dump(c);
    c->answer = NOTHING;
  }
  return length;
}

static ssize_t take(struct conversation *c, void *into, size_t room) {
  if (room > c->buffer) c->buffer = room;
  if (c->answer == FAMILY_AND_ACK) return put_family(c, into);
  return c->answer == ACK ? (ssize_t)put_ack(c, into) : put_datagram(c, into, room);
}

static ssize_t take_message(struct conversation *c, struct msghdr *message) {
  struct sockaddr_nl *from = message->msg_name;
  if (from) {
    *from = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
    message->msg_namelen = sizeof *from;
  }
  message->msg_flags = 0;
  message->msg_controllen = 0;
  return take(c, message->msg_iov->iov_base, message->msg_iov->iov_len);
}

/* -- the calls of the C library that programs make */

ssize_t write(int fd, const void *bytes, size_t length) {
  int result = taken(fd, bytes, length);
  return result == 0 ? real_write(fd, bytes, length) : result < 0 ? -1 : (ssize_t)length;
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
  int result = taken(fd, bytes, length);
  return result == 0 ? real_sendto(fd, bytes, length, flags, to, size) : result < 0 ? -1 : (ssize_t)length;
}

ssize_t read(int fd, void *into, size_t room) {
  struct conversation *c = conversation(fd);
  return c ? take(c, into, room) : real_read(fd, into, room);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  struct conversation *c = conversation(fd);
  return c ? take_message(c, message) : real_recvmsg(fd, message, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
  if (!conversation(fd)) return real_recvmmsg(fd, messages, count, flags, timeout);
  unsigned taken_ones = 0;
  for (struct conversation *c; taken_ones < count && (c = conversation(fd)); taken_ones++)
    messages[taken_ones].msg_len = take_message(c, &messages[taken_ones].msg_hdr);
  return taken_ones;
}

/* A foreign function interface asks the C library itself for its functions. */
void *dlsym(void *library, const char *name) {
  static void *(*real)(void *, const char *);
  if (!real && !(real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34"))) abort();
  return library != RTLD_NEXT && !strcmp(name, "recvmmsg") ? (void *)recvmmsg : real(library, name);
}
