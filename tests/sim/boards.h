/* Simulated boards: what a declaration says of them, and what their counter and power fields show.
 *
 * One statement a line; `#` starts a comment. Before the first `gpu` a statement is the machine's:
 *
 *   driver 570.00.00            the driver's version
 *   epoch_ns 0                  where t = 0 lies on CLOCK_MONOTONIC; without it, the first nvmlInit
 *   call_us 0                   how long every call spins: a real driver's calls are not free
 *   error init|count|driver CODE [FROM_S [UNTIL_S]]
 *
 *   gpu                         a new board; what follows belongs to it
 *   name NVIDIA Simulated GPU
 *   uuid GPU-00000000-…
 *   architecture 9              NVML_DEVICE_ARCH_*; from 5 (Volta) on there is an energy counter
 *   limit_w 300
 *   point, repeat_s, live, gain                   the power curve: see curve.h
 *
 *   counter_ms 100              the counter's tick
 *   counter_window_ms 0         0: the counter sees everything; W: it integrates the mean of the last W ms
 *                               of each tick only, as a gated sensor does
 *   counter_lag_ms 0            the counter tells of this long ago
 *   counter_start_mj 0          what the counter shows at t = 0
 *   counter_range_mj 0          the counter wraps after this much; 0: never
 *   counter_noise SIGMA_MW SEED             each tick adds the energy of such noise; never less than none
 *   counter_gain G [FROM_S [UNTIL_S]]       what is counted meanwhile is G times the energy; 0: it is lost
 *   counter_frozen [FROM_S [UNTIL_S]]       shows what it showed at FROM_S; counts on unseen
 *   counter_reset T_S                       falls to 0 at T_S
 *   counter_jump T_S MJ                     rises (or falls) by MJ at T_S
 *
 *   update_ms 100               how often the power fields change
 *   phase_ms 0                  ticks and updates fall this much after the multiples of their periods
 *   instant_window_ms 0         averaging window of `instant` (0: the value at the update)
 *   average_window_ms 1000      averaging window of `average`
 *   usage_window_ms 1000        averaging window of nvmlDeviceGetPowerUsage
 *   lag_ms 0                    the power fields tell of this long ago
 *   noise_mw SIGMA SEED         normal noise on every power field, drawn anew at each update
 *   scope gpu|module            the scope under which the power fields answer
 *   gauge_frozen FIELD [FROM_S [UNTIL_S]]       FIELD: instant, average, usage, or power for all three
 *   gauge_value FIELD MW [FROM_S [UNTIL_S]]     a glitch: 0, 4294967295, …
 *
 *   mig 0|1                     MIG mode; unset: NotSupported. On a sliced board utilisation is NotSupported
 *   virtualization 0..4         NVML_GPU_VIRTUALIZATION_MODE_*
 *   c2c 0|1                     a Grace board's link to its CPU; unset: NotSupported
 *   temperature_c, clock_mhz, memory_bytes, utilisation              steady circumstances, and
 *   temperature_point T V, clock_point, memory_point, utilisation_point, limit_point      changing ones
 *   process PID BYTES [FROM_S [UNTIL_S]]
 *   event MASK [FROM_S [UNTIL_S]]               clock event reasons, counted as violations too: thermal, power
 *   error CALL CODE [FROM_S [UNTIL_S]]          CALL: one of the names below, or all
 *   dropout CALL [FROM_S [UNTIL_S]]             the same with NVML_ERROR_NO_DATA
 *   stall CALL MS [FROM_S [UNTIL_S]]            the call takes so long
 */
#ifndef SIM_BOARDS_H
#define SIM_BOARDS_H

#include "curve.h"

enum { MAX_GPUS = 128, MAX_EVENTS = 32 };
enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
    NO_DATA = 21, VERSION_MISMATCH = 25
};
enum { INSTANT = 1, AVERAGE = 2, USAGE = 4, POWER = INSTANT | AVERAGE | USAGE };

static const char *const CALLS[] = {
    "all", "init", "count", "driver", "handle", "name", "uuid", "architecture", "mig", "virtualization", "c2c",
    "counter", "instant", "average", "usage", "fields", "temperature", "clock", "events", "violations", "utilisation",
    "memory", "limit", "processes", NULL,
};

typedef struct { char call[16]; double value; span_t when; } fault_t;
typedef struct { int fields; double value; span_t when; } change_t;
typedef struct { unsigned long long mask; span_t when; } event_t;
typedef struct { unsigned pid; unsigned long long bytes; span_t when; } process_t;

typedef struct {
    int index;
    char name[96], uuid[96];
    unsigned architecture;
    curve_t power;
    double counter_ms, counter_window_ms, counter_lag_ms, counter_start_mj, counter_range_mj;
    double update_ms, instant_window_ms, average_window_ms, usage_window_ms, lag_ms, phase_ms;
    double noise_mw[2], counter_noise[2]; /* sigma, seed */
    int module_scope, mig, virtualization, c2c;
    double limit_w, temperature_c, clock_mhz, memory_bytes, utilisation;
    corners_t limit, temperature, clock, memory, busy;
    fault_t errors[MAX_EVENTS], stalls[MAX_EVENTS];
    change_t counter_gains[MAX_EVENTS], counter_frozen[MAX_EVENTS], counter_resets[MAX_EVENTS],
        counter_jumps[MAX_EVENTS], gauge_frozen[MAX_EVENTS], gauge_values[MAX_EVENTS];
    event_t events[MAX_EVENTS];
    process_t processes[MAX_EVENTS];
    int error_count, stall_count, gain_count, frozen_count, reset_count, jump_count, gauge_frozen_count,
        gauge_value_count, event_count, process_count;
    double *sum_j; /* what a counter that can't be told in closed form shows at each of its ticks */
    int64_t sums, sum_room;
} gpu_t;

static gpu_t gpus[MAX_GPUS], machine;
static int gpu_total;
static double call_us;
static char driver[80] = "570.00.00";

/* A gated or noisy counter is the sum of its ticks: every one is added once, from t = 0 on. */
static inline double summed_j(gpu_t *g, int64_t tick) {
    double tick_s = g->counter_ms * 1e-3;
    if (tick <= 0) return 0;
    while (g->sums <= tick) {
        if (g->sums == g->sum_room) {
            g->sum_room = g->sum_room ? 2 * g->sum_room : 1024;
            g->sum_j = realloc(g->sum_j, (size_t)g->sum_room * sizeof(double));
        }
        if (!g->sums) { g->sum_j[g->sums++] = 0; continue; }
        double window_s = g->counter_window_ms > 0 ? g->counter_window_ms * 1e-3 : tick_s;
        double seen_s = (double)g->sums * tick_s + (g->phase_ms - g->counter_lag_ms) * 1e-3;
        double mean_w = curve_w(&g->power, seen_s, window_s);
        mean_w += g->counter_noise[0] * 1e-3 * deviate((uint64_t)g->counter_noise[1], 0, g->sums);
        g->sum_j[g->sums] = g->sum_j[g->sums - 1] + fmax(0, mean_w) * tick_s;
        g->sums++;
    }
    return g->sum_j[tick];
}

/* Takes in what was appended to a live curve; the ticks after a record of the past are added up anew. */
static inline void catch_up(gpu_t *g) {
    double fresh_s = refresh(&g->power);
    if (fresh_s >= ALWAYS_S || !g->sums) return;
    double untouched = fmax(1, last_tick(fresh_s - g->phase_ms * 1e-3, g->counter_ms));
    g->sums = (int64_t)fmin((double)g->sums, untouched);
}

/* joules that the counter has gathered at t, from t = 0 on */
static inline double gathered_j(gpu_t *g, double t) {
    t -= g->phase_ms * 1e-3;
    if (g->counter_window_ms > 0 || g->counter_noise[0] > 0)
        return summed_j(g, (int64_t)last_tick(t, g->counter_ms));
    return curve_j(&g->power, tick_floor(t, g->counter_ms) + (g->phase_ms - g->counter_lag_ms) * 1e-3);
}

/* the same with its gains and jumps, in mJ above counter_start_mj */
static inline double counted_mj(gpu_t *g, double t) {
    double mj = gathered_j(g, t) * 1e3;
    for (int i = 0; i < g->gain_count; i++) {
        const change_t *c = &g->counter_gains[i];
        double from_s = fmax(0, c->when.from_s), until_s = fmin(t, c->when.until_s);
        if (until_s > from_s) mj += (c->value - 1) * (gathered_j(g, until_s) - gathered_j(g, from_s)) * 1e3;
    }
    for (int i = 0; i < g->jump_count; i++)
        if (t >= g->counter_jumps[i].when.from_s) mj += g->counter_jumps[i].value;
    return mj;
}

static inline double counter_mj(gpu_t *g) {
    double t = now_s(), reset_s = -ALWAYS_S;
    catch_up(g);
    for (int i = 0; i < g->frozen_count; i++)
        if (within(g->counter_frozen[i].when, t)) t = fmax(0, g->counter_frozen[i].when.from_s);
    for (int i = 0; i < g->reset_count; i++) {
        double at_s = g->counter_resets[i].when.from_s;
        if (t >= at_s) reset_s = fmax(reset_s, at_s);
    }
    double mj = counted_mj(g, t);
    mj = reset_s > -ALWAYS_S ? mj - counted_mj(g, reset_s) : mj + g->counter_start_mj;
    mj = fmax(0, mj);
    return g->counter_range_mj > 0 ? fmod(mj, g->counter_range_mj) : mj;
}

static inline double gauge_mw(gpu_t *g, int field) {
    double t = now_s();
    double window_ms = field == INSTANT ? g->instant_window_ms
                       : field == AVERAGE ? g->average_window_ms : g->usage_window_ms;
    catch_up(g);
    for (int i = 0; i < g->gauge_value_count; i++) {
        const change_t *c = &g->gauge_values[i];
        if (c->fields & field && within(c->when, t)) return c->value;
    }
    for (int i = 0; i < g->gauge_frozen_count; i++) {
        const change_t *c = &g->gauge_frozen[i];
        if (c->fields & field && within(c->when, t)) t = fmax(0, c->when.from_s);
    }
    t -= g->phase_ms * 1e-3;
    double seen_s = tick_floor(t, g->update_ms) + (g->phase_ms - g->lag_ms) * 1e-3;
    double mw = curve_w(&g->power, seen_s, window_ms * 1e-3) * 1e3;
    if (g->noise_mw[0] > 0 && g->update_ms > 0) {
        int64_t update = (int64_t)last_tick(t, g->update_ms);
        mw += g->noise_mw[0] * deviate((uint64_t)g->noise_mw[1], (uint64_t)field, update);
    }
    return fmax(0, mw);
}

static inline void open_gpu(gpu_t *g, int index) {
    memset(g, 0, sizeof *g);
    g->index = index;
    snprintf(g->name, sizeof g->name, "NVIDIA Simulated GPU");
    snprintf(g->uuid, sizeof g->uuid, "GPU-51111111-0000-0000-0000-%012d", index);
    open_curve(&g->power);
    g->architecture = 9;
    g->limit_w = 300; g->counter_ms = g->update_ms = 100;
    g->average_window_ms = g->usage_window_ms = 1000;
    g->mig = g->c2c = -1;
    g->temperature_c = 40; g->clock_mhz = 1410; g->memory_bytes = (double)(1ull << 30);
}

static inline void *room(const char *key, void *list, size_t size, int *count) {
    if (*count == MAX_EVENTS) refuse("%s: more than %d of one board", key, MAX_EVENTS);
    return (char *)list + (size_t)(*count)++ * size;
}
#define ROOM(list, count) room(key, list, sizeof *(list), &(count))

/* the first word of the text, which must be one of `known`; what follows it */
static inline const char *word_of(const char *key, const char *rest, const char *const *known, char *out) {
    int used = 0;
    if (sscanf(rest, "%15s%n", out, &used) == 1)
        for (; *known; known++)
            if (!strcmp(*known, out)) return rest + used;
    refuse("%s: '%s' is not known", key, rest);
}

static inline int fields_of(const char *word) {
    return !strcmp(word, "instant") ? INSTANT : !strcmp(word, "average") ? AVERAGE : !strcmp(word, "usage") ? USAGE
           : POWER;
}

static inline void declare_fault(gpu_t *g, const char *key, const char *rest) {
    fault_t *f = !strcmp(key, "stall") ? ROOM(g->stalls, g->stall_count) : ROOM(g->errors, g->error_count);
    int asked = strcmp(key, "dropout") != 0;
    f->value = NO_DATA;
    f->when = numbers_and_span(key, word_of(key, rest, CALLS, f->call), &f->value, asked);
}

static inline void declare_change(gpu_t *g, const char *key, const char *rest) {
    static const char *const fields[] = {"instant", "average", "usage", "power", NULL};
    char word[16];
    double pair[2] = {0};
    change_t *c;
    if (!strcmp(key, "counter_gain")) {
        c = ROOM(g->counter_gains, g->gain_count);
        c->when = numbers_and_span(key, rest, &c->value, 1);
    } else if (!strcmp(key, "counter_frozen")) {
        c = ROOM(g->counter_frozen, g->frozen_count);
        c->when = numbers_and_span(key, rest, NULL, 0);
    } else if (!strcmp(key, "counter_reset")) {
        c = ROOM(g->counter_resets, g->reset_count);
        c->when.from_s = number(key, rest);
    } else if (!strcmp(key, "counter_jump")) {
        c = ROOM(g->counter_jumps, g->jump_count);
        numbers(key, rest, pair, 2, 0);
        c->when.from_s = pair[0]; c->value = pair[1];
    } else if (!strcmp(key, "gauge_frozen")) {
        c = ROOM(g->gauge_frozen, g->gauge_frozen_count);
        c->when = numbers_and_span(key, word_of(key, rest, fields, word), NULL, 0);
        c->fields = fields_of(word);
    } else if (!strcmp(key, "gauge_value")) {
        c = ROOM(g->gauge_values, g->gauge_value_count);
        c->when = numbers_and_span(key, word_of(key, rest, fields, word), &c->value, 1);
        c->fields = fields_of(word);
    } else refuse("unknown statement %s", key);
}

static inline int declare_number(gpu_t *g, const char *key, const char *rest) {
    const struct { const char *key; double *at; } known[] = {
        {"limit_w", &g->limit_w}, {"counter_ms", &g->counter_ms}, {"counter_window_ms", &g->counter_window_ms},
        {"counter_lag_ms", &g->counter_lag_ms}, {"counter_start_mj", &g->counter_start_mj},
        {"counter_range_mj", &g->counter_range_mj}, {"update_ms", &g->update_ms},
        {"instant_window_ms", &g->instant_window_ms}, {"average_window_ms", &g->average_window_ms},
        {"usage_window_ms", &g->usage_window_ms}, {"lag_ms", &g->lag_ms}, {"phase_ms", &g->phase_ms},
        {"temperature_c", &g->temperature_c},
        {"clock_mhz", &g->clock_mhz}, {"memory_bytes", &g->memory_bytes}, {"utilisation", &g->utilisation},
    };
    const struct { const char *key; corners_t *at; } moving[] = {
        {"temperature_point", &g->temperature}, {"clock_point", &g->clock}, {"memory_point", &g->memory},
        {"utilisation_point", &g->busy}, {"limit_point", &g->limit},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(key, known[i].key)) { *known[i].at = number(key, rest); return 1; }
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++)
        if (!strcmp(key, moving[i].key)) {
            double corner[2];
            numbers(key, rest, corner, 2, 0);
            add_corner(moving[i].at, corner[0], corner[1], 0);
            return 1;
        }
    return 0;
}

static inline void declare(gpu_t *g, const char *key, const char *rest) {
    double n[2] = {0};
    if (!strcmp(key, "error") || !strcmp(key, "dropout") || !strcmp(key, "stall")) declare_fault(g, key, rest);
    else if (g == &machine) refuse("unknown statement %s before the first gpu", key);
    else if (declare_curve(&g->power, key, rest) || declare_number(g, key, rest)) {}
    else if (!strcmp(key, "name")) snprintf(g->name, sizeof g->name, "%s", rest);
    else if (!strcmp(key, "uuid")) snprintf(g->uuid, sizeof g->uuid, "%s", rest);
    else if (!strcmp(key, "architecture")) g->architecture = (unsigned)number(key, rest);
    else if (!strcmp(key, "scope")) g->module_scope = !strncmp(rest, "module", 6);
    else if (!strcmp(key, "mig")) g->mig = (int)number(key, rest);
    else if (!strcmp(key, "virtualization")) g->virtualization = (int)number(key, rest);
    else if (!strcmp(key, "c2c")) g->c2c = (int)number(key, rest);
    else if (!strcmp(key, "noise_mw")) numbers(key, rest, g->noise_mw, 2, 0);
    else if (!strcmp(key, "counter_noise")) numbers(key, rest, g->counter_noise, 2, 0);
    else if (!strcmp(key, "process")) {
        process_t *p = ROOM(g->processes, g->process_count);
        p->when = numbers_and_span(key, rest, n, 2);
        p->pid = (unsigned)n[0]; p->bytes = (unsigned long long)n[1];
    }
    else if (!strcmp(key, "event")) {
        event_t *e = ROOM(g->events, g->event_count);
        e->when = numbers_and_span(key, rest, n, 1);
        e->mask = (unsigned long long)n[0];
    }
    else declare_change(g, key, rest);
}

static inline void declare_boards(const char *path) {
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[1024], key[32];
    gpu_t *g = &machine;
    if (path && !file) refuse("%s cannot be read", path);
    while (file && fgets(line, sizeof line, file)) {
        int used = 0;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%31s %n", key, &used) < 1 || key[0] == '#') continue;
        const char *rest = line + used;
        if (!strcmp(key, "driver")) snprintf(driver, sizeof driver, "%s", rest);
        else if (!strcmp(key, "epoch_ns")) epoch_ns = strtoll(rest, NULL, 10);
        else if (!strcmp(key, "call_us")) call_us = number(key, rest);
        else if (!strcmp(key, "gpu")) {
            if (gpu_total == MAX_GPUS) refuse("more than %d boards", MAX_GPUS);
            g = &gpus[gpu_total];
            open_gpu(g, gpu_total++);
        }
        else declare(g, key, rest);
    }
    if (file) fclose(file);
    for (int i = 0; i < gpu_total; i++) {
        if (!gpus[i].power.declared.count) add_corner(&gpus[i].power.declared, 0, 100, 0);
        if (gpus[i].counter_ms <= 0 && (gpus[i].counter_window_ms > 0 || gpus[i].counter_noise[0] > 0))
            refuse("a gated or noisy counter needs a counter_ms");
    }
    if (epoch_ns < 0) epoch_ns = monotonic_ns();
}

static inline const fault_t *fault_of(const fault_t *list, int count, const char *call) {
    for (int i = 0; i < count; i++)
        if ((!strcmp(list[i].call, call) || !strcmp(list[i].call, "all")) && within(list[i].when, now_s()))
            return &list[i];
    return NULL;
}

/* how the call ends on this board; it takes as long as it was declared to */
static inline int outcome(const gpu_t *g, const char *call) {
    const fault_t *stall = fault_of(g->stalls, g->stall_count, call);
    const fault_t *error = fault_of(g->errors, g->error_count, call);
    if (stall) usleep((useconds_t)(stall->value * 1e3));
    return error ? (int)error->value : OK;
}

#endif
