/* A web server of one thread on 127.0.0.1 that can misbehave in every way that a test needs. */
#ifndef WL_HTTP_SERVER_H
#define WL_HTTP_SERVER_H

#include <stddef.h>

/* The file that it serves: SERVED_SIZE bytes of a fixed pattern. */
enum { SERVED_SIZE = 300000 };
const char *served_bytes(void);

struct http_server;
struct http_server *http_server_start(void);
void http_server_stop(struct http_server *s);
int http_server_port(const struct http_server *s);
/* Its address for a path; the caller frees it. Paths (anything may precede them):
 *   /file         all of it, or the requested range             /norange   all of it, whatever is requested
 *   /break        half, then the connection ends; ranges whole   /broken    ends after the headers, always
 *   /stall        some bytes, then nothing                      /silent    no answer at all
 *   /missing      404      /gone  410     /error 500             /page      an HTML page with status 200
 *   /other        other bytes                                    /empty     nothing, with status 200
 *   /wrongrange   answers another range than the requested one   /unsatisfied  416 to every range
 *   /simple/x/    an index's page of the files of a package x; files below files/ are like /file
 *   /moved/x/     to /simple/x/                                  /html-to-file/x/ a page whose link is a file: address
 *   /private/x/   the page of /simple/x/, for user "u:ser" with the password "p@ss"; otherwise 401
 *   /redirect     to /file /loop to itself /to-plain to http: elsewhere /to-file to file: /to-nowhere without address
 */
char *http_server_url(const struct http_server *s, const char *path);
/* The number of requests, and the first line of the last one (the caller frees it). */
int http_server_requests(struct http_server *s);
char *http_server_last(struct http_server *s);

#endif
