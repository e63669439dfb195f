/* The commands; each lives in cmd-NAME.c. */
#ifndef HG_CLI_CMD_H
#define HG_CLI_CMD_H

#include "cli.h"

extern const struct command cmd_calibrate;
extern const struct command cmd_completion;
extern const struct command cmd_demo;
extern const struct command cmd_doctor;
extern const struct command cmd_diff;
extern const struct command cmd_fit;
extern const struct command cmd_frontier;
extern const struct command cmd_help;
extern const struct command cmd_list;
extern const struct command cmd_plan;
extern const struct command cmd_predict;
extern const struct command cmd_profile;
extern const struct command cmd_recur;
extern const struct command cmd_record;
extern const struct command cmd_replay;
extern const struct command cmd_run;
extern const struct command cmd_search;
extern const struct command cmd_top;

extern const struct command cmd_frontier_convert;
extern const struct command cmd_frontier_import;
extern const struct command cmd_frontier_merge;
extern const struct command cmd_frontier_mix;
extern const struct command cmd_frontier_parallel;
extern const struct command cmd_frontier_pick;
extern const struct command cmd_frontier_plot;
extern const struct command cmd_frontier_repeat;
extern const struct command cmd_frontier_scale;
extern const struct command cmd_frontier_series;
extern const struct command cmd_frontier_show;

extern const struct command cmd_plan_at;
extern const struct command cmd_plan_check;
extern const struct command cmd_plan_dag;
extern const struct command cmd_plan_pipeline;
extern const struct command cmd_plan_show;
extern const struct command cmd_plan_straggle;

extern const struct command cmd_recur_backup;
extern const struct command cmd_recur_check;
extern const struct command cmd_recur_end;
extern const struct command cmd_recur_explain;
extern const struct command cmd_recur_export;
extern const struct command cmd_recur_import;
extern const struct command cmd_recur_list;
extern const struct command cmd_recur_new;
extern const struct command cmd_recur_next;
extern const struct command cmd_recur_report;
extern const struct command cmd_recur_run;
extern const struct command cmd_recur_show;
extern const struct command cmd_recur_simulate;

#endif
