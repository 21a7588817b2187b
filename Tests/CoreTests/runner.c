// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Runs the registered tests, each in a process of its own:  core-tests [substring ...]
 * Last line: "N passed, N failed". Exit 0 only when all passed. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWDOWN 10
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOWDOWN 10
#endif
#endif
#ifndef SLOWDOWN
#define SLOWDOWN 3
#endif

static test_case *all;

void test_register(test_case *test) {
  test_case **at = &all;
  while (*at != NULL && (strcmp((*at)->file, test->file) < 0 ||
                         (strcmp((*at)->file, test->file) == 0 && strcmp((*at)->name, test->name) < 0)))
    at = &(*at)->next;
  test->next = *at;
  *at = test;
}

static bool selected(const test_case *test, int argc, char **argv) {
  if (argc < 2) return true;
  for (int i = 1; i < argc; i++)
    if (strstr(test->name, argv[i]) || strstr(test->file, argv[i])) return true;
  return false;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* exit() and not _exit(): leak checkers and the tests' own atexit handlers report at exit. */
static void run_here(const test_case *test) {
  alarm(test->limit_s * SLOWDOWN);
  test->run();
  exit(0);
}

static bool run_forked(const test_case *test) {
  fflush(NULL);
  double began = seconds_now();
  pid_t child = fork();
  if (child == 0) run_here(test);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  double took = seconds_now() - began;
  const char *base = strrchr(test->file, '/');
  base = base ? base + 1 : test->file;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    if (took > 1) printf("ok   %s %s (%.1f s)\n", base, test->name, took);
    return true;
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    printf("FAIL %s %s: no end within %u s\n", base, test->name, test->limit_s * SLOWDOWN);
  else if (WIFSIGNALED(status))
    printf("FAIL %s %s: %s\n", base, test->name, strsignal(WTERMSIG(status)));
  else
    printf("FAIL %s %s\n", base, test->name);
  return false;
}

int main(int argc, char **argv) {
  unsigned passed = 0, failed = 0;
  if (argc == 3 && strcmp(argv[1], "--here") == 0) { /* for a debugger: one test, no fork */
    for (test_case *test = all; test; test = test->next)
      if (strcmp(test->name, argv[2]) == 0) run_here(test);
    fprintf(stderr, "no test is called %s\n", argv[2]);
    return 2;
  }
  for (test_case *test = all; test; test = test->next) {
    if (!selected(test, argc, argv)) continue;
    if (run_forked(test)) passed++;
    else failed++;
  }
  if (passed + failed == 0) {
    fprintf(stderr, "no test matches\n");
    return 2;
  }
  printf("%u passed, %u failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
