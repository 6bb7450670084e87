/* A simulated libnvidia-ml.so.1 whose truth is known.
 *
 * It answers the NVML calls that the nvml meter and its peers make, from a text file named by
 * NVML_SIM_CONFIG, whose language is described in boards.h. Power is a declared function of
 * CLOCK_MONOTONIC, so that the energy of any span has a closed form. Nothing here comes from a device.
 * Signatures and structures are nvml.h's, as nvidia-ml-py 13 calls them.
 */
#include "boards.h"

enum { FI_TOTAL_ENERGY = 83, FI_POWER_AVERAGE = 185, FI_POWER_INSTANT = 186 };
enum { VALUE_UNSIGNED_INT = 1, VALUE_UNSIGNED_LONG_LONG = 3 };
enum { MIG_ON = 1, MIG_SLICES = 7, TEMPERATURE_V1 = 0x100000C };

typedef struct { unsigned pid; unsigned long long bytes; unsigned gpu_instance, compute_instance; } nvml_process_t;
typedef struct { unsigned long long total, free, used; } nvml_memory_t;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } nvml_memory_v2_t;
typedef struct { unsigned gpu, memory; } nvml_utilization_t;
typedef struct { unsigned long long reference_us, violation_ns; } nvml_violation_t;
typedef struct { unsigned version, sensor; int temperature; } nvml_temperature_t;
typedef union { double d; unsigned ui; unsigned long ul; unsigned long long ull; long long sll; int si; } value_t;
typedef struct {
    uint32_t field, scope;
    int64_t timestamp, latency_us;
    uint32_t type, status;
    value_t value;
} field_t;

static int initialised, loaded;

static int enter(const gpu_t *g, const char *call) {
    if (call_us > 0) spin_us(call_us);
    if (!initialised) return UNINITIALIZED;
    return g ? outcome(g, call) : INVALID_ARGUMENT;
}

#define CALL(g, name) do { int status_ = enter(g, name); if (status_) return status_; } while (0)

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    pthread_mutex_lock(&curves_lock);
    if (!loaded) { declare_boards(getenv("NVML_SIM_CONFIG")); loaded = 1; }
    pthread_mutex_unlock(&curves_lock);
    int status = outcome(&machine, "init");
    if (!status) initialised++;
    return status;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { if (!initialised) return UNINITIALIZED; initialised--; return OK; }

const char *nvmlErrorString(int code) {
    switch (code) {
    case 0: return "Success";
    case 1: return "Uninitialized";
    case 2: return "Invalid Argument";
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 6: return "Not Found";
    case 9: return "Driver Not Loaded";
    case 10: return "Timeout";
    case 13: return "Function Not Found";
    case 15: return "GPU is lost";
    case 16: return "GPU requires restart";
    case 18: return "Driver/library version mismatch";
    case 21: return "No data";
    case 27: return "System is not in ready state";
    default: return "Unknown Error";
    }
}

static int copy(char *out, unsigned size, const char *text) {
    if (strlen(text) + 1 > size) return INSUFFICIENT_SIZE;
    strcpy(out, text);
    return OK;
}

int nvmlSystemGetDriverVersion(char *out, unsigned size) {
    CALL(&machine, "driver");
    return copy(out, size, driver);
}
int nvmlSystemGetNVMLVersion(char *out, unsigned size) { return copy(out, size, "12.570.00.00"); }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12080; return OK; }

int nvmlDeviceGetCount_v2(unsigned *count) {
    CALL(&machine, "count");
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
        if (!strcmp(gpus[i].uuid, uuid)) return nvmlDeviceGetHandleByIndex_v2((unsigned)i, out);
    return NOT_FOUND;
}
int nvmlDeviceGetIndex(gpu_t *g, unsigned *index) { CALL(g, "handle"); *index = (unsigned)g->index; return OK; }
int nvmlDeviceGetName(gpu_t *g, char *out, unsigned size) { CALL(g, "name"); return copy(out, size, g->name); }
int nvmlDeviceGetUUID(gpu_t *g, char *out, unsigned size) { CALL(g, "uuid"); return copy(out, size, g->uuid); }
int nvmlDeviceGetArchitecture(gpu_t *g, unsigned *architecture) {
    CALL(g, "architecture");
    *architecture = g->architecture;
    return OK;
}
int nvmlDeviceGetPersistenceMode(gpu_t *g, unsigned *mode) { CALL(g, "handle"); *mode = 1; return OK; }
int nvmlDeviceGetComputeMode(gpu_t *g, unsigned *mode) { CALL(g, "handle"); *mode = 0; return OK; }
int nvmlDeviceGetVirtualizationMode(gpu_t *g, unsigned *mode) {
    CALL(g, "virtualization");
    *mode = (unsigned)g->virtualization;
    return OK;
}
int nvmlDeviceGetC2cModeInfoV(gpu_t *g, unsigned *enabled) {
    CALL(g, "c2c");
    if (g->c2c < 0) return NOT_SUPPORTED;
    *enabled = (unsigned)g->c2c;
    return OK;
}

/* A sliced board lists no slice here: none of them has a sensor of its own. */
int nvmlDeviceGetMigMode(gpu_t *g, unsigned *current, unsigned *pending) {
    CALL(g, "mig");
    if (g->mig < 0) return NOT_SUPPORTED;
    *current = *pending = (unsigned)g->mig;
    return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(gpu_t *g, unsigned *count) {
    CALL(g, "mig");
    *count = g->mig == MIG_ON ? MIG_SLICES : 0;
    return OK;
}
int nvmlDeviceGetMigDeviceHandleByIndex(gpu_t *g, unsigned index, gpu_t **out) {
    (void)out;
    CALL(g, "mig");
    if (g->mig != MIG_ON) return NOT_SUPPORTED;
    return index < MIG_SLICES ? NOT_FOUND : INVALID_ARGUMENT;
}
int nvmlDeviceIsMigDeviceHandle(gpu_t *g, unsigned *is) { CALL(g, "handle"); *is = 0; return OK; }

static unsigned long long shown_mj(gpu_t *g) {
    pthread_mutex_lock(&curves_lock);
    double mj = counter_mj(g);
    pthread_mutex_unlock(&curves_lock);
    return (unsigned long long)mj;
}

static unsigned shown_mw(gpu_t *g, int field) {
    pthread_mutex_lock(&curves_lock);
    double mw = gauge_mw(g, field);
    pthread_mutex_unlock(&curves_lock);
    return (unsigned)llround(mw);
}

int nvmlDeviceGetTotalEnergyConsumption(gpu_t *g, unsigned long long *mj) {
    CALL(g, "counter");
    *mj = shown_mj(g);
    return OK;
}
int nvmlDeviceGetPowerUsage(gpu_t *g, unsigned *mw) { CALL(g, "usage"); *mw = shown_mw(g, USAGE); return OK; }

static void answer(gpu_t *g, field_t *f) {
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    f->timestamp = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000;
    f->type = VALUE_UNSIGNED_INT;
    f->status = NOT_SUPPORTED;
    if (f->field == FI_TOTAL_ENERGY) {
        f->type = VALUE_UNSIGNED_LONG_LONG;
        f->status = (uint32_t)outcome(g, "counter");
        if (!f->status) f->value.ull = shown_mj(g);
    } else if (f->field == FI_POWER_INSTANT || f->field == FI_POWER_AVERAGE) {
        int instant = f->field == FI_POWER_INSTANT;
        f->status = (uint32_t)outcome(g, instant ? "instant" : "average");
        if (!f->status && f->scope != (uint32_t)g->module_scope) f->status = NOT_SUPPORTED;
        if (!f->status) f->value.ui = shown_mw(g, instant ? INSTANT : AVERAGE);
    }
}

int nvmlDeviceGetFieldValues(gpu_t *g, int count, field_t *fields) {
    CALL(g, "fields");
    for (int i = 0; i < count; i++) answer(g, &fields[i]);
    return OK;
}

int nvmlDeviceGetTemperature(gpu_t *g, unsigned sensor, unsigned *out) {
    (void)sensor;
    CALL(g, "temperature");
    *out = (unsigned)lround(corners_value(&g->temperature, now_s(), g->temperature_c));
    return OK;
}
int nvmlDeviceGetTemperatureV(gpu_t *g, nvml_temperature_t *out) {
    unsigned found = 0;
    if (out->version != TEMPERATURE_V1) return VERSION_MISMATCH;
    int status = nvmlDeviceGetTemperature(g, out->sensor, &found);
    out->temperature = (int)found;
    return status;
}
int nvmlDeviceGetClockInfo(gpu_t *g, unsigned type, unsigned *out) {
    (void)type;
    CALL(g, "clock");
    *out = (unsigned)lround(corners_value(&g->clock, now_s(), g->clock_mhz));
    return OK;
}
int nvmlDeviceGetCurrentClocksEventReasons(gpu_t *g, unsigned long long *out) {
    CALL(g, "events");
    *out = 0;
    for (int i = 0; i < g->event_count; i++)
        if (within(g->events[i].when, now_s())) *out |= g->events[i].mask;
    return OK;
}
/* policy 0: power, 1: thermal; the nanoseconds since t = 0 in which such an event was there */
int nvmlDeviceGetViolationStatus(gpu_t *g, unsigned policy, nvml_violation_t *out) {
    CALL(g, "violations");
    if (policy > 1) return NOT_SUPPORTED;
    double t = now_s(), held_s = 0;
    for (int i = 0; i < g->event_count; i++)
        if (g->events[i].mask & (policy ? 0x20u | 0x40u : 0x4u))
            held_s += fmax(0, fmin(t, g->events[i].when.until_s) - fmax(0, g->events[i].when.from_s));
    out->reference_us = (unsigned long long)(t * 1e6);
    out->violation_ns = (unsigned long long)(held_s * 1e9);
    return OK;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(gpu_t *g, unsigned long long *out) {
    return nvmlDeviceGetCurrentClocksEventReasons(g, out);
}
int nvmlDeviceGetUtilizationRates(gpu_t *g, nvml_utilization_t *out) {
    CALL(g, "utilisation");
    if (g->mig == MIG_ON) return NOT_SUPPORTED;
    out->gpu = (unsigned)lround(corners_value(&g->busy, now_s(), g->utilisation));
    out->memory = 0;
    return OK;
}
int nvmlDeviceGetMemoryInfo(gpu_t *g, nvml_memory_t *out) {
    CALL(g, "memory");
    out->total = 80ull << 30;
    out->used = (unsigned long long)corners_value(&g->memory, now_s(), g->memory_bytes);
    out->free = out->total - out->used;
    return OK;
}
/* Of the used memory a gibibyte, or all where it is less, is the driver's. */
int nvmlDeviceGetMemoryInfo_v2(gpu_t *g, nvml_memory_v2_t *out) {
    nvml_memory_t all;
    int status = nvmlDeviceGetMemoryInfo(g, &all);
    if (status) return status;
    out->total = all.total;
    out->free = all.free;
    out->reserved = all.used < (1ull << 30) ? all.used : 1ull << 30;
    out->used = all.used - out->reserved;
    return OK;
}
/* the bus and clock of an H100 SXM: 3.35 TB/s */
int nvmlDeviceGetMemoryBusWidth(gpu_t *g, unsigned *bits) { CALL(g, "memory"); *bits = 5120; return OK; }
int nvmlDeviceGetMaxClockInfo(gpu_t *g, unsigned type, unsigned *mhz) {
    CALL(g, "clock");
    *mhz = type == 2 ? 2619 : 1980;
    return OK;
}
static int limit_mw(gpu_t *g, double limit_w, unsigned *mw) {
    CALL(g, "limit");
    *mw = (unsigned)lround(limit_w * 1e3);
    return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(gpu_t *g, unsigned *mw) {
    return limit_mw(g, corners_value(&g->limit, now_s(), g->limit_w), mw);
}
int nvmlDeviceGetPowerManagementLimit(gpu_t *g, unsigned *mw) { return nvmlDeviceGetEnforcedPowerLimit(g, mw); }
int nvmlDeviceGetPowerManagementDefaultLimit(gpu_t *g, unsigned *mw) { return limit_mw(g, g->limit_w, mw); }
int nvmlDeviceGetPowerManagementLimitConstraints(gpu_t *g, unsigned *low, unsigned *high) {
    *low = 100000;
    return limit_mw(g, g->limit_w, high);
}

int nvmlDeviceGetComputeRunningProcesses_v3(gpu_t *g, unsigned *count, nvml_process_t *out) {
    CALL(g, "processes");
    unsigned places = out ? *count : 0, found = 0;
    for (int i = 0; i < g->process_count; i++) {
        if (!within(g->processes[i].when, now_s())) continue;
        if (found < places) {
            nvml_process_t p = {g->processes[i].pid, g->processes[i].bytes, 0xFFFFFFFFu, 0xFFFFFFFFu};
            out[found] = p;
        }
        found++;
    }
    *count = found;
    return found > places ? INSUFFICIENT_SIZE : OK;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(gpu_t *g, unsigned *count, nvml_process_t *out) {
    (void)out; CALL(g, "processes"); *count = 0; return OK;
}
