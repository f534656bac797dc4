/** @source sys/socket.h, netinet/in.h */
export const AF_INET = 2
export const AF_INET6 = 10
/** sizeof(struct sockaddr_in) */
export const SOCKADDR_IN = 16
/** sizeof(struct sockaddr_in6) */
export const SOCKADDR_IN6 = 28
