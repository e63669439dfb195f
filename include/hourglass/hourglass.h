/**
 * @file hourglass.h
 * Everything: include this, link -lhourglass.
 */
#ifndef HOURGLASS_HOURGLASS_H
#define HOURGLASS_HOURGLASS_H

#include <hourglass/attribute.h>
#include <hourglass/context.h>
#include <hourglass/control.h>
#include <hourglass/device.h>
#include <hourglass/energy.h>
#include <hourglass/error.h>
#include <hourglass/export.h>
#include <hourglass/fit.h>
#include <hourglass/frontier.h>
#include <hourglass/measure.h>
#include <hourglass/model.h>
#include <hourglass/ops.h>
#include <hourglass/pipeline.h>
#include <hourglass/plan.h>
#include <hourglass/profile.h>
#include <hourglass/record.h>
#include <hourglass/recur.h>
#include <hourglass/search.h>
#include <hourglass/sim.h>
#include <hourglass/train.h>
#include <hourglass/tune.h>
#include <hourglass/version.h>

#endif
