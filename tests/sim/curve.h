/* A declared power over CLOCK_MONOTONIC and the energy under it, in closed form: what both sensors share.
 *
 *   point T_S P_W       a corner of the curve, T ascending; straight between corners, constant before the first
 *                       and after the last; two points at one T make a step
 *   repeat_s S          the curve comes again every S seconds
 *   live PATH           from its first record on, the file says the power instead: little-endian doubles t_s, p_w,
 *                       each holding from t_s on. It may grow while it is read, and need not exist at first
 *   gain 1.0            a factor on every power and energy
 *
 * Times are seconds since `epoch_ns` on CLOCK_MONOTONIC. A span [FROM_S [UNTIL_S]] without its ends is always.
 */
#ifndef SIM_CURVE_H
#define SIM_CURVE_H

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const double ALWAYS_S = 1e18;

typedef struct { double from_s, until_s; } span_t;
typedef struct { double *t_s, *value, *area; int count, room; } corners_t; /* area: under the curve so far */
typedef struct {
    corners_t declared, live;
    double repeat_s, gain;
    char live_path[512];
    int live_file, live_seen; /* seen: records read so far */
} curve_t;

static int64_t epoch_ns = -1;
static pthread_mutex_t curves_lock = PTHREAD_MUTEX_INITIALIZER; /* curves and sums grow in any thread's call */

static inline int64_t monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline double now_s(void) { return (double)(monotonic_ns() - epoch_ns) * 1e-9; }

static inline void spin_us(double duration_us) {
    int64_t until = monotonic_ns() + (int64_t)(duration_us * 1e3);
    while (monotonic_ns() < until) {}
}

/* A wrong declaration must not pass for a sensor: the process ends and says why. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void refuse(const char *said, ...) {
    va_list arguments;
    va_start(arguments, said);
    fputs("simulated sensor: ", stderr);
    vfprintf(stderr, said, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

/* `count` numbers from the text, the last `optional` of which may be missing; nothing may follow them */
static inline void numbers(const char *key, const char *text, double *out, int count, int optional) {
    for (int i = 0; i < count; i++) {
        char *end;
        double found = strtod(text, &end);
        if (end == text) {
            if (i < count - optional) refuse("%s: a number is missing", key);
            break;
        }
        out[i] = found;
        text = end;
    }
    text += strspn(text, " \t\r");
    if (*text && *text != '#') refuse("%s: what is '%s'?", key, text);
}

static inline double number(const char *key, const char *text) {
    double one = 0;
    numbers(key, text, &one, 1, 0);
    return one;
}

/* `count` numbers, then perhaps a span */
static inline span_t numbers_and_span(const char *key, const char *text, double *out, int count) {
    double found[8] = {0};
    found[count] = -ALWAYS_S;
    found[count + 1] = ALWAYS_S;
    numbers(key, text, found, count + 2, 2);
    if (count) memcpy(out, found, (size_t)count * sizeof *out);
    return (span_t){found[count], found[count + 1]};
}

static inline int within(span_t s, double t) { return s.from_s <= t && t < s.until_s; }

static inline void add_corner(corners_t *c, double t_s, double value, int step) {
    if (c->count && t_s < c->t_s[c->count - 1]) refuse("a corner at %.6f s comes after a later one", t_s);
    if (c->count == c->room) {
        c->room = c->room ? 2 * c->room : 16;
        size_t bytes = (size_t)c->room * sizeof(double);
        c->t_s = realloc(c->t_s, bytes);
        c->value = realloc(c->value, bytes);
        c->area = realloc(c->area, bytes);
    }
    int i = c->count++;
    c->t_s[i] = t_s;
    c->value[i] = value;
    double height = i ? (step ? c->value[i - 1] : (value + c->value[i - 1]) / 2) : 0;
    c->area[i] = i ? c->area[i - 1] + height * (t_s - c->t_s[i - 1]) : 0;
}

/* the last corner at or before t; -1 before the first */
static inline int corner_before(const corners_t *c, double t) {
    int low = -1, high = c->count;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (c->t_s[middle] <= t) low = middle; else high = middle;
    }
    return low;
}

static inline double slope(const corners_t *c, int i) {
    if (i + 1 >= c->count || c->t_s[i + 1] <= c->t_s[i]) return 0;
    return (c->value[i + 1] - c->value[i]) / (c->t_s[i + 1] - c->t_s[i]);
}

/* the value at t by straight lines between corners; without corners, the one given */
static inline double corners_value(const corners_t *c, double t, double without) {
    if (!c->count) return without;
    int i = corner_before(c, t);
    return i < 0 ? c->value[0] : c->value[i] + slope(c, i) * (t - c->t_s[i]);
}

/* the area under the corners from the first one to t; `step`: each holds until the next */
static inline double corners_area(const corners_t *c, double t, int step) {
    int i = corner_before(c, t);
    if (i < 0) return (t - c->t_s[0]) * c->value[0];
    double part = t - c->t_s[i];
    return c->area[i] + part * (c->value[i] + (step ? 0 : slope(c, i) * part / 2));
}

/* joules (without gain) from t = 0 to t of the declared points */
static inline double declared_j(const curve_t *c, double t) {
    double zero = corners_area(&c->declared, 0, 0);
    if (c->repeat_s <= 0) return corners_area(&c->declared, t, 0) - zero;
    double whole = floor(t / c->repeat_s);
    double period_j = corners_area(&c->declared, c->repeat_s, 0) - zero;
    return whole * period_j + corners_area(&c->declared, t - whole * c->repeat_s, 0) - zero;
}

/* joules from t = 0 to t */
static inline double curve_j(const curve_t *c, double t) {
    const corners_t *live = &c->live;
    if (!live->count || t <= live->t_s[0]) return c->gain * declared_j(c, t);
    return c->gain * (declared_j(c, live->t_s[0]) + corners_area(live, t, 1));
}

/* the mean over the `window_s` that end at t; 0: the power at t, as the mean of the last microsecond */
static inline double curve_w(const curve_t *c, double t, double window_s) {
    double width = window_s > 0 ? window_s : 1e-6;
    return (curve_j(c, t) - curve_j(c, t - width)) / width;
}

/* Reads the records that have been appended since; the time of the first of them, or ALWAYS_S. */
static inline double refresh(curve_t *c) {
    struct stat now;
    double record[2], first_s = ALWAYS_S;
    if (!c->live_path[0]) return first_s;
    if (c->live_file < 0) c->live_file = open(c->live_path, O_RDONLY | O_CLOEXEC);
    if (c->live_file < 0 || fstat(c->live_file, &now)) return first_s;
    while ((off_t)(c->live_seen + 1) * (off_t)sizeof record <= now.st_size) {
        off_t at = (off_t)c->live_seen * (off_t)sizeof record;
        if (pread(c->live_file, record, sizeof record, at) != sizeof record) break;
        add_corner(&c->live, record[0], record[1], 1);
        first_s = fmin(first_s, record[0]);
        c->live_seen++;
    }
    return first_s;
}

static inline void open_curve(curve_t *c) { c->gain = 1; c->live_file = -1; }

/* whether the statement was one of a curve's */
static inline int declare_curve(curve_t *c, const char *key, const char *rest) {
    double corner[2];
    if (!strcmp(key, "point")) {
        numbers(key, rest, corner, 2, 0);
        add_corner(&c->declared, corner[0], corner[1], 0);
    }
    else if (!strcmp(key, "repeat_s")) c->repeat_s = number(key, rest);
    else if (!strcmp(key, "gain")) c->gain = number(key, rest);
    else if (!strcmp(key, "live")) {
        if (strlen(rest) >= sizeof c->live_path) refuse("live: the path is too long");
        strcpy(c->live_path, rest);
    }
    else return 0;
    return 1;
}

static inline double last_tick(double t, double tick_ms) { return floor(t * 1e3 / tick_ms); }

static inline double tick_floor(double t, double tick_ms) {
    return tick_ms > 0 ? last_tick(t, tick_ms) * tick_ms * 1e-3 : t;
}

/* splitmix64's finalizer (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195; checked 2026-11-21) */
static inline uint64_t mixed(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* A standard normal deviate that depends on nothing but its arguments (Box and Muller 1958). */
static inline double deviate(uint64_t seed, uint64_t stream, int64_t index) {
    uint64_t key = mixed(mixed(seed) ^ stream);
    double u = (double)(mixed(key + 2 * (uint64_t)index) >> 11) * 0x1p-53;
    double v = (double)(mixed(key + 2 * (uint64_t)index + 1) >> 11) * 0x1p-53;
    return sqrt(-2 * log(1 - u)) * cos(2 * M_PI * v);
}

#endif
