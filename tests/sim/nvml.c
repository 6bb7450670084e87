/* A simulated libnvidia-ml.so.1 whose truth is known.
 *
 * It answers the NVML calls that the nvml meter and its peers make, from a text file named by
 * NVML_SIM_CONFIG. Power is a declared, piecewise linear function of CLOCK_MONOTONIC, so that the energy
 * of any span has a closed form. Nothing here comes from a device.
 *
 * One statement a line; `gpu` opens a board, and what follows belongs to it. `#` starts a comment.
 *
 *   driver 570.00.00            the driver's version
 *   epoch_ns 0                  where t = 0 lies on CLOCK_MONOTONIC; without it, the first nvmlInit
 *   call_us 0                   how long every call spins: a real driver's calls are not free
 *   gpu                         a new board
 *   name NVIDIA Simulated GPU
 *   uuid GPU-00000000-…
 *   limit_w 300
 *   point T_S P_W               a corner of the power curve, T ascending; constant before the first and
 *                               after the last; two points at one T make a step
 *   repeat_s S                  the curve repeats: 0 (never) or its period
 *   counter_ms 100              the counter's tick
 *   counter_window_ms 0         0: the counter sees everything; W: it integrates the mean of the last W ms
 *                               of each tick only, as a gated sensor does
 *   counter_start_mj 0          what the counter shows at t = 0
 *   update_ms 100               how often the power fields change
 *   instant_window_ms 0         averaging window of `instant` (0: the value at the update)
 *   average_window_ms 1000      averaging window of `average`
 *   usage_window_ms 1000        averaging window of nvmlDeviceGetPowerUsage
 *   lag_ms 0                    the power fields tell of this long ago
 *   gain 1.0                    a factor on every power and energy
 *   scope gpu|module            the scope under which the power fields answer
 *   mig 0|1                     MIG mode; unset: NotSupported
 *   virtualization 0..4         NVML_GPU_VIRTUALIZATION_MODE_*
 *   temperature_c, clock_mhz, memory_bytes, utilisation      steady circumstances
 *   process PID BYTES [FROM_S UNTIL_S]
 *   event MASK [FROM_S UNTIL_S]         clock event reasons
 *   error CALL CODE [FROM_S UNTIL_S]    CALL: counter instant average usage temperature clock events
 *                                       utilisation memory limit processes mig virtualization handle
 *                                       name uuid, or all
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_GPUS = 16, MAX_POINTS = 512, MAX_EVENTS = 32 };
enum { OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7 };
enum { FI_POWER_AVERAGE = 185, FI_POWER_INSTANT = 186, FI_TOTAL_ENERGY = 83 };

typedef struct { double from_s, until_s; } span_t;
typedef struct { char call[24]; int code; span_t when; } fault_t;
typedef struct { unsigned long long mask; span_t when; } event_t;
typedef struct { unsigned pid; unsigned long long bytes; span_t when; } process_t;

typedef struct {
    int index;
    char name[96], uuid[96];
    double limit_w, t_s[MAX_POINTS], p_w[MAX_POINTS], e_j[MAX_POINTS], repeat_s;
    int points;
    double counter_ms, counter_window_ms, counter_start_mj, update_ms, instant_window_ms, average_window_ms,
        usage_window_ms, lag_ms, gain;
    int module_scope, mig, virtualization;
    unsigned temperature_c, clock_mhz, utilisation;
    unsigned long long memory_bytes;
    fault_t faults[MAX_EVENTS];
    event_t events[MAX_EVENTS];
    process_t processes[MAX_EVENTS];
    int fault_count, event_count, process_count;
    long gated_ticks; /* how many ticks gated_j holds already */
    double gated_j;
} gpu_t;

typedef struct { unsigned pid; unsigned long long bytes; unsigned gpu_instance, compute_instance; } nvml_process_t;
typedef struct { unsigned long long total, free, used; } nvml_memory_t;
typedef struct { unsigned gpu, memory; } nvml_utilization_t;
typedef union { double d; unsigned ui; unsigned long ul; unsigned long long ull; long long sll; int si; } value_t;
typedef struct {
    uint32_t field, scope;
    int64_t timestamp, latency_us;
    uint32_t type, status;
    value_t value;
} field_t;

static gpu_t gpus[MAX_GPUS];
static int gpu_total, initialised, loaded;
static int64_t epoch_ns = -1;
static double call_us;
static char driver[80] = "570.00.00";

static int64_t monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double now_s(void) { return (double)(monotonic_ns() - epoch_ns) * 1e-9; }

static void spend(void) {
    if (call_us <= 0) return;
    int64_t until = monotonic_ns() + (int64_t)(call_us * 1e3);
    while (monotonic_ns() < until) {}
}

/* ── the power curve: closed forms ─────────────────────────────────────────────────────────────── */

static void integrate_points(gpu_t *g) {
    g->e_j[0] = 0;
    for (int i = 1; i < g->points; i++)
        g->e_j[i] = g->e_j[i - 1] + (g->p_w[i] + g->p_w[i - 1]) / 2 * (g->t_s[i] - g->t_s[i - 1]);
}

/* energy from t = 0 (of one period) to t, within the points */
static double curve_j(const gpu_t *g, double t) {
    int last = g->points - 1;
    if (t <= g->t_s[0]) return (t - g->t_s[0]) * g->p_w[0];
    if (t >= g->t_s[last]) return g->e_j[last] + (t - g->t_s[last]) * g->p_w[last];
    int i = 0;
    while (g->t_s[i + 1] < t) i++;
    double span = g->t_s[i + 1] - g->t_s[i], part = t - g->t_s[i];
    double slope = span > 0 ? (g->p_w[i + 1] - g->p_w[i]) / span : 0;
    return g->e_j[i] + part * (g->p_w[i] + slope * part / 2);
}

static double energy_j(const gpu_t *g, double t) {
    if (g->repeat_s <= 0) return g->gain * (curve_j(g, t) - curve_j(g, 0));
    double whole = floor(t / g->repeat_s);
    double period_j = curve_j(g, g->repeat_s) - curve_j(g, 0);
    return g->gain * (whole * period_j + curve_j(g, t - whole * g->repeat_s) - curve_j(g, 0));
}

static double mean_w(const gpu_t *g, double t, double window_s) {
    double width = window_s > 0 ? window_s : 1e-6;
    return (energy_j(g, t) - energy_j(g, t - width)) / width;
}

static double tick_floor(double t, double tick_ms) {
    return tick_ms > 0 ? floor(t * 1e3 / tick_ms) * tick_ms * 1e-3 : t;
}

static double counter_mj(gpu_t *g) {
    double t = now_s();
    if (g->counter_window_ms <= 0)
        return g->counter_start_mj + energy_j(g, tick_floor(t, g->counter_ms)) * 1e3;
    double tick_s = g->counter_ms * 1e-3;
    for (long reached = (long)floor(t / tick_s); g->gated_ticks < reached;) {
        g->gated_ticks++;
        g->gated_j += mean_w(g, g->gated_ticks * tick_s, g->counter_window_ms * 1e-3) * tick_s;
    }
    return g->counter_start_mj + g->gated_j * 1e3;
}

static double gauge_mw(const gpu_t *g, double window_ms) {
    return mean_w(g, tick_floor(now_s(), g->update_ms) - g->lag_ms * 1e-3, window_ms * 1e-3) * 1e3;
}

/* ── the declaration ───────────────────────────────────────────────────────────────────────────── */

static gpu_t *open_gpu(void) {
    gpu_t *g = &gpus[gpu_total];
    memset(g, 0, sizeof *g);
    g->index = gpu_total++;
    snprintf(g->name, sizeof g->name, "NVIDIA Simulated GPU");
    snprintf(g->uuid, sizeof g->uuid, "GPU-51111111-0000-0000-0000-%012d", g->index);
    g->limit_w = 300; g->counter_ms = g->update_ms = 100;
    g->average_window_ms = g->usage_window_ms = 1000;
    g->gain = 1; g->mig = -1;
    g->temperature_c = 40; g->clock_mhz = 1410; g->memory_bytes = 1ull << 30;
    return g;
}

static span_t span_from(const char *text) {
    span_t s = {-1e18, 1e18};
    if (text) sscanf(text, "%lf %lf", &s.from_s, &s.until_s);
    return s;
}

static int active(span_t s) { double t = now_s(); return s.from_s <= t && t < s.until_s; }

static void declare(gpu_t *g, const char *key, const char *rest) {
    double n = strtod(rest, NULL);
    int used = 0;
    if (!strcmp(key, "name")) snprintf(g->name, sizeof g->name, "%s", rest);
    else if (!strcmp(key, "uuid")) snprintf(g->uuid, sizeof g->uuid, "%s", rest);
    else if (!strcmp(key, "limit_w")) g->limit_w = n;
    else if (!strcmp(key, "point") && g->points < MAX_POINTS) {
        sscanf(rest, "%lf %lf", &g->t_s[g->points], &g->p_w[g->points]);
        g->points++;
    }
    else if (!strcmp(key, "repeat_s")) g->repeat_s = n;
    else if (!strcmp(key, "counter_ms")) g->counter_ms = n;
    else if (!strcmp(key, "counter_window_ms")) g->counter_window_ms = n;
    else if (!strcmp(key, "counter_start_mj")) g->counter_start_mj = n;
    else if (!strcmp(key, "update_ms")) g->update_ms = n;
    else if (!strcmp(key, "instant_window_ms")) g->instant_window_ms = n;
    else if (!strcmp(key, "average_window_ms")) g->average_window_ms = n;
    else if (!strcmp(key, "usage_window_ms")) g->usage_window_ms = n;
    else if (!strcmp(key, "lag_ms")) g->lag_ms = n;
    else if (!strcmp(key, "gain")) g->gain = n;
    else if (!strcmp(key, "scope")) g->module_scope = !strncmp(rest, "module", 6);
    else if (!strcmp(key, "mig")) g->mig = (int)n;
    else if (!strcmp(key, "virtualization")) g->virtualization = (int)n;
    else if (!strcmp(key, "temperature_c")) g->temperature_c = (unsigned)n;
    else if (!strcmp(key, "clock_mhz")) g->clock_mhz = (unsigned)n;
    else if (!strcmp(key, "memory_bytes")) g->memory_bytes = (unsigned long long)n;
    else if (!strcmp(key, "utilisation")) g->utilisation = (unsigned)n;
    else if (!strcmp(key, "process") && g->process_count < MAX_EVENTS) {
        process_t *p = &g->processes[g->process_count++];
        sscanf(rest, "%u %llu%n", &p->pid, &p->bytes, &used);
        p->when = span_from(rest + used);
    }
    else if (!strcmp(key, "event") && g->event_count < MAX_EVENTS) {
        event_t *e = &g->events[g->event_count++];
        sscanf(rest, "%llu%n", &e->mask, &used);
        e->when = span_from(rest + used);
    }
    else if (!strcmp(key, "error") && g->fault_count < MAX_EVENTS) {
        fault_t *f = &g->faults[g->fault_count++];
        sscanf(rest, "%23s %d%n", f->call, &f->code, &used);
        f->when = span_from(rest + used);
    }
    else { fprintf(stderr, "nvml simulation: unknown statement %s\n", key); abort(); }
}

static void load(void) {
    const char *path = getenv("NVML_SIM_CONFIG");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512], key[32];
    gpu_t *g = NULL;
    while (file && fgets(line, sizeof line, file)) {
        int used = 0;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%31s %n", key, &used) < 1 || key[0] == '#') continue;
        const char *rest = line + used;
        if (!strcmp(key, "driver")) snprintf(driver, sizeof driver, "%s", rest);
        else if (!strcmp(key, "epoch_ns")) epoch_ns = strtoll(rest, NULL, 10);
        else if (!strcmp(key, "call_us")) call_us = strtod(rest, NULL);
        else if (!strcmp(key, "gpu")) { if (gpu_total < MAX_GPUS) g = open_gpu(); }
        else if (g) declare(g, key, rest);
    }
    if (file) fclose(file);
    for (int i = 0; i < gpu_total; i++) {
        if (!gpus[i].points) { gpus[i].p_w[0] = 100; gpus[i].points = 1; }
        integrate_points(&gpus[i]);
    }
    if (epoch_ns < 0) epoch_ns = monotonic_ns();
    loaded = 1;
}

static int fault(const gpu_t *g, const char *call) {
    for (int i = 0; i < g->fault_count; i++)
        if ((!strcmp(g->faults[i].call, call) || !strcmp(g->faults[i].call, "all")) && active(g->faults[i].when))
            return g->faults[i].code;
    return OK;
}

static int enter(const gpu_t *g, const char *call) {
    spend();
    if (!initialised) return UNINITIALIZED;
    return g ? fault(g, call) : INVALID_ARGUMENT;
}

/* ── NVML ──────────────────────────────────────────────────────────────────────────────────────── */

#define CALL(g, name) do { int status_ = enter(g, name); if (status_) return status_; } while (0)

int nvmlInitWithFlags(unsigned flags) { (void)flags; if (!loaded) load(); initialised++; return OK; }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { if (!initialised) return UNINITIALIZED; initialised--; return OK; }

const char *nvmlErrorString(int code) {
    switch (code) {
    case 0: return "Success";
    case 1: return "Uninitialized";
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 10: return "Timeout";
    case 15: return "GPU is lost";
    case 27: return "System is not in ready state";
    default: return "Unknown Error";
    }
}

static int copy(char *out, unsigned size, const char *text) {
    if (strlen(text) + 1 > size) return INSUFFICIENT_SIZE;
    strcpy(out, text);
    return OK;
}

int nvmlSystemGetDriverVersion(char *out, unsigned size) { return copy(out, size, driver); }
int nvmlSystemGetNVMLVersion(char *out, unsigned size) { return copy(out, size, "12.570.00.00"); }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12080; return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) {
    if (!initialised) return UNINITIALIZED;
    *count = (unsigned)gpu_total;
    return OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, gpu_t **out) {
    if (index >= (unsigned)gpu_total) return INVALID_ARGUMENT;
    CALL(&gpus[index], "handle");
    *out = &gpus[index];
    return OK;
}
int nvmlDeviceGetHandleByUUID(const char *uuid, gpu_t **out) {
    for (int i = 0; i < gpu_total; i++)
        if (!strcmp(gpus[i].uuid, uuid)) { *out = &gpus[i]; return OK; }
    return INVALID_ARGUMENT;
}
int nvmlDeviceGetIndex(gpu_t *g, unsigned *index) { CALL(g, "handle"); *index = (unsigned)g->index; return OK; }
int nvmlDeviceGetName(gpu_t *g, char *out, unsigned size) { CALL(g, "name"); return copy(out, size, g->name); }
int nvmlDeviceGetUUID(gpu_t *g, char *out, unsigned size) { CALL(g, "uuid"); return copy(out, size, g->uuid); }
int nvmlDeviceGetArchitecture(gpu_t *g, unsigned *architecture) { CALL(g, "handle"); *architecture = 9; return OK; }
int nvmlDeviceGetMigMode(gpu_t *g, unsigned *current, unsigned *pending) {
    CALL(g, "mig");
    if (g->mig < 0) return NOT_SUPPORTED;
    *current = *pending = (unsigned)g->mig;
    return OK;
}
int nvmlDeviceGetVirtualizationMode(gpu_t *g, unsigned *mode) {
    CALL(g, "virtualization");
    *mode = (unsigned)g->virtualization;
    return OK;
}
int nvmlDeviceGetTotalEnergyConsumption(gpu_t *g, unsigned long long *mj) {
    CALL(g, "counter");
    *mj = (unsigned long long)counter_mj(g);
    return OK;
}
int nvmlDeviceGetPowerUsage(gpu_t *g, unsigned *mw) {
    CALL(g, "usage");
    *mw = (unsigned)lround(gauge_mw(g, g->usage_window_ms));
    return OK;
}
int nvmlDeviceGetFieldValues(gpu_t *g, int count, field_t *fields) {
    CALL(g, "fields");
    for (int i = 0; i < count; i++) {
        field_t *f = &fields[i];
        int instant = f->field == FI_POWER_INSTANT;
        struct timespec wall;
        clock_gettime(CLOCK_REALTIME, &wall);
        f->timestamp = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000;
        f->type = 1;
        if (f->field != FI_POWER_AVERAGE && !instant) { f->status = NOT_SUPPORTED; continue; }
        f->status = (uint32_t)fault(g, instant ? "instant" : "average");
        if (!f->status && f->scope != (uint32_t)g->module_scope) f->status = NOT_SUPPORTED;
        if (!f->status)
            f->value.ui = (unsigned)lround(gauge_mw(g, instant ? g->instant_window_ms : g->average_window_ms));
    }
    return OK;
}
int nvmlDeviceGetTemperature(gpu_t *g, unsigned sensor, unsigned *out) {
    (void)sensor; CALL(g, "temperature"); *out = g->temperature_c; return OK;
}
int nvmlDeviceGetClockInfo(gpu_t *g, unsigned type, unsigned *out) {
    (void)type; CALL(g, "clock"); *out = g->clock_mhz; return OK;
}
int nvmlDeviceGetCurrentClocksEventReasons(gpu_t *g, unsigned long long *out) {
    CALL(g, "events");
    *out = 0;
    for (int i = 0; i < g->event_count; i++)
        if (active(g->events[i].when)) *out |= g->events[i].mask;
    return OK;
}
int nvmlDeviceGetUtilizationRates(gpu_t *g, nvml_utilization_t *out) {
    CALL(g, "utilisation"); out->gpu = g->utilisation; out->memory = 0; return OK;
}
int nvmlDeviceGetMemoryInfo(gpu_t *g, nvml_memory_t *out) {
    CALL(g, "memory");
    out->total = 80ull << 30; out->used = g->memory_bytes; out->free = out->total - out->used;
    return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(gpu_t *g, unsigned *mw) {
    CALL(g, "limit"); *mw = (unsigned)lround(g->limit_w * 1e3); return OK;
}
int nvmlDeviceGetPowerManagementLimit(gpu_t *g, unsigned *mw) { return nvmlDeviceGetEnforcedPowerLimit(g, mw); }
int nvmlDeviceGetPowerManagementDefaultLimit(gpu_t *g, unsigned *mw) { return nvmlDeviceGetEnforcedPowerLimit(g, mw); }
int nvmlDeviceGetPowerManagementLimitConstraints(gpu_t *g, unsigned *low, unsigned *high) {
    *low = 100000; return nvmlDeviceGetEnforcedPowerLimit(g, high);
}
int nvmlDeviceGetPersistenceMode(gpu_t *g, unsigned *mode) { CALL(g, "handle"); *mode = 1; return OK; }
int nvmlDeviceGetComputeMode(gpu_t *g, unsigned *mode) { CALL(g, "handle"); *mode = 0; return OK; }
int nvmlDeviceGetComputeRunningProcesses_v3(gpu_t *g, unsigned *count, nvml_process_t *out) {
    CALL(g, "processes");
    unsigned room = out ? *count : 0, found = 0;
    for (int i = 0; i < g->process_count; i++) {
        if (!active(g->processes[i].when)) continue;
        if (found < room) {
            nvml_process_t p = {g->processes[i].pid, g->processes[i].bytes, 0xFFFFFFFFu, 0xFFFFFFFFu};
            out[found] = p;
        }
        found++;
    }
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : OK;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(gpu_t *g, unsigned *count, nvml_process_t *out) {
    (void)out; CALL(g, "processes"); *count = 0; return OK;
}
