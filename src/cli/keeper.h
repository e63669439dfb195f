/*
 * Another process that puts knobs back when this one ends without having done so, which is what
 * SIGKILL makes of it. It reads what to put back from a socket, and acts when that is closed.
 */
#ifndef HG_CLI_KEEPER_H
#define HG_CLI_KEEPER_H

#include <hourglass/context.h>
#include <hourglass/control.h>

#include "cli.h"

/** argv[0] by which the program knows that it is the keeper. */
#define KEEPER_NAME "hourglass-keeper"

/**
 * Starts one if a device of the context has a knob that outlives this process.
 * @return where it listens; -1: there is none
 */
int keeper_start(hg_ctx *ctx);
/** An hg_guard_journal_fn; user is the int that keeper_start() returned. */
hg_err keeper_note(void *user, const hg_guard_entry *entry);
/** It has the descriptor too, until everything is put back. fd of -1: nothing is done. */
void keeper_hold(int fd, int held);
/** Everything is put back: it goes. Safe in a signal handler. */
void keeper_dismiss(int fd);

/** The keeper. @return its exit code */
int keeper_main(struct cli *cli);

#endif
