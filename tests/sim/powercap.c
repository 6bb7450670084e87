/* Simulated RAPL counters whose truth is known: a library for LD_PRELOAD.
 *
 * Files called energy_uj below the folder POWERCAP_SIM_ROOT are answered from a declaration, the text file
 * named by POWERCAP_SIM_CONFIG, as a powercap file would answer: the counter is computed at the moment of
 * the read, and read afresh from offset 0. Everything else goes to the system. What stands in the folder
 * itself is never shown. It serves programs that call the C library's open and read, as Python does; the C
 * library's own streams (fopen) do not pass here.
 *
 *   epoch_ns 0                  where t = 0 lies on CLOCK_MONOTONIC; without it, the first look
 *   zone intel-rapl:0           a new zone, by its folder's name wherever below the root; what follows belongs to it
 *   point, repeat_s, live, gain                   the power curve: see curve.h
 *   tick_ms 1                   how often the counter is renewed
 *   unit_uj 61.035              it counts whole units, as the kernel rounds 2^-14 J
 *   range_uj 262143328850       the highest value; one unit more is 0 again
 *   start_uj 0                  what it shows at t = 0
 *   error ERRNO [FROM_S [UNTIL_S]]      EACCES (13), EPERM (1), ENOENT (2), ENODEV (19): the open fails;
 *                                       anything else, as EIO (5): the read does
 *   text WORD [FROM_S [UNTIL_S]]        shows this instead of a number; `-` is nothing at all
 *   frozen [FROM_S [UNTIL_S]]           shows what it showed at FROM_S; counts on unseen
 *   reset T_S                           begins again at 0
 *   jump T_S UJ                         rises by so much
 *   stall MS [FROM_S [UNTIL_S]]         a read takes so long
 *
 * Without declared points a zone draws 0 W. Nothing here comes from a device.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/uio.h>

#undef _FILE_OFFSET_BITS
#include "curve.h"

enum { MAX_ZONES = 32, MAX_SPANS = 16, MAX_FILES = 4096 };

typedef struct { double value; char word[32]; span_t when; } fault_t;
typedef struct { fault_t list[MAX_SPANS]; int count; } faults_t;
typedef struct {
    char folder[96];
    curve_t power;
    double tick_ms, unit_uj, range_uj, start_uj;
    faults_t errors, texts, frozen, resets, jumps, stalls;
} zone_t;

static zone_t zones[MAX_ZONES];
static int zone_total, loaded;
static char root[PATH_MAX];
static struct { zone_t *zone; ino_t number; } files[MAX_FILES]; /* which zone an open file shows */

/* The declaration. */

static fault_t *room(const char *key, faults_t *f) {
    if (f->count == MAX_SPANS) refuse("%s: more than %d of one zone", key, MAX_SPANS);
    return &f->list[f->count++];
}

static void declare(zone_t *z, const char *key, const char *rest) {
    double pair[2] = {0};
    fault_t *f;
    int used = 0;
    if (declare_curve(&z->power, key, rest)) return;
    if (!strcmp(key, "tick_ms")) z->tick_ms = number(key, rest);
    else if (!strcmp(key, "unit_uj")) z->unit_uj = number(key, rest);
    else if (!strcmp(key, "range_uj")) z->range_uj = number(key, rest);
    else if (!strcmp(key, "start_uj")) z->start_uj = number(key, rest);
    else if (!strcmp(key, "error")) {
        f = room(key, &z->errors);
        f->when = numbers_and_span(key, rest, &f->value, 1);
    } else if (!strcmp(key, "stall")) {
        f = room(key, &z->stalls);
        f->when = numbers_and_span(key, rest, &f->value, 1);
    } else if (!strcmp(key, "text")) {
        f = room(key, &z->texts);
        if (sscanf(rest, "%31s%n", f->word, &used) != 1) refuse("text: a word is missing");
        f->when = numbers_and_span(key, rest + used, NULL, 0);
    } else if (!strcmp(key, "frozen")) {
        f = room(key, &z->frozen);
        f->when = numbers_and_span(key, rest, NULL, 0);
    } else if (!strcmp(key, "reset")) {
        f = room(key, &z->resets);
        f->when.from_s = number(key, rest);
    } else if (!strcmp(key, "jump")) {
        f = room(key, &z->jumps);
        numbers(key, rest, pair, 2, 0);
        f->when.from_s = pair[0]; f->value = pair[1];
    } else refuse("unknown statement %s", key);
}

static zone_t *open_zone(const char *folder) {
    if (zone_total == MAX_ZONES) refuse("more than %d zones", MAX_ZONES);
    zone_t *z = &zones[zone_total++];
    const char *last = strrchr(folder, '/');
    snprintf(z->folder, sizeof z->folder, "%s", last ? last + 1 : folder);
    open_curve(&z->power);
    z->tick_ms = 1; z->unit_uj = 61.035; z->range_uj = 262143328850.0;
    return z;
}

static void load(void) {
    const char *path = getenv("POWERCAP_SIM_CONFIG"), *below = getenv("POWERCAP_SIM_ROOT");
    char line[1024], key[32];
    zone_t *z = NULL;
    FILE *file = path ? fopen(path, "r") : NULL;
    loaded = 1;
    if (!below || !realpath(below, root)) root[0] = 0;
    if (path && !file) refuse("%s cannot be read", path);
    while (file && fgets(line, sizeof line, file)) {
        int used = 0;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%31s %n", key, &used) < 1 || key[0] == '#') continue;
        if (!strcmp(key, "epoch_ns")) epoch_ns = strtoll(line + used, NULL, 10);
        else if (!strcmp(key, "zone")) z = open_zone(line + used);
        else if (z) declare(z, key, line + used);
        else refuse("unknown statement %s before the first zone", key);
    }
    if (file) fclose(file);
    for (int i = 0; i < zone_total; i++)
        if (!zones[i].power.declared.count) add_corner(&zones[i].power.declared, 0, 0, 0);
    if (epoch_ns < 0) epoch_ns = monotonic_ns();
}

/* What a zone shows. */

static const fault_t *active(const faults_t *f, double t) {
    for (int i = 0; i < f->count; i++)
        if (within(f->list[i].when, t)) return &f->list[i];
    return NULL;
}

/* all that it has counted until t, never wrapped */
static double counted_uj(const zone_t *z, double t) {
    double uj = curve_j(&z->power, tick_floor(t, z->tick_ms)) * 1e6;
    for (int i = 0; i < z->jumps.count; i++)
        if (t >= z->jumps.list[i].when.from_s) uj += z->jumps.list[i].value;
    return uj;
}

static unsigned long long shown_uj(zone_t *z, double t) {
    double reset_s = -ALWAYS_S;
    const fault_t *frozen = active(&z->frozen, t);
    if (frozen) t = fmax(0, frozen->when.from_s);
    for (int i = 0; i < z->resets.count; i++)
        if (t >= z->resets.list[i].when.from_s) reset_s = fmax(reset_s, z->resets.list[i].when.from_s);
    double uj = counted_uj(z, t);
    uj = reset_s > -ALWAYS_S ? uj - counted_uj(z, reset_s) : uj + z->start_uj;
    double units = floor(fmax(0, uj) / z->unit_uj);
    double whole = floor(z->range_uj / z->unit_uj + 0.5) + 1; /* so many values, 0 among them */
    return (unsigned long long)(fmod(units, whole) * z->unit_uj);
}

/* Writes what the zone shows now into the file behind the handle. */
static void show(zone_t *z, int handle) {
    char text[64];
    double t = now_s();
    const fault_t *word = active(&z->texts, t);
    int length = 0;
    if (word && strcmp(word->word, "-")) length = snprintf(text, sizeof text, "%s\n", word->word);
    if (!word) length = snprintf(text, sizeof text, "%llu\n", shown_uj(z, t));
    if (ftruncate(handle, 0) || pwrite(handle, text, (size_t)length, 0) != length) refuse("memory is full");
}

/* How the call is answered before the system is asked: 0, or the errno with which it fails. */
static int fails(const zone_t *z, int opening) {
    const fault_t *error = active(&z->errors, now_s());
    int code = error ? (int)error->value : 0;
    int at_open = code == EACCES || code == EPERM || code == ENOENT || code == ENODEV;
    return at_open == opening ? code : 0;
}

/* The zone whose counter the path names, or NULL. */
static zone_t *zone_of(int folder, const char *path) {
    char whole[PATH_MAX], link[64];
    size_t length = strlen(path);
    if (length < 9 || strcmp(path + length - 9, "energy_uj")) return NULL;
    pthread_mutex_lock(&curves_lock);
    if (!loaded) load();
    pthread_mutex_unlock(&curves_lock);
    if (path[0] != '/') {
        if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t used = readlink(link, whole, sizeof whole - 1);
        if (used < 0 || (size_t)used + length + 2 > sizeof whole) return NULL;
        whole[used] = '/';
        strcpy(whole + used + 1, path);
    } else if (length < sizeof whole) strcpy(whole, path);
    else return NULL;
    char *file = strrchr(whole, '/');
    if (strcmp(file, "/energy_uj")) return NULL;
    *file = 0;
    char *found = realpath(whole, NULL);
    zone_t *zone = NULL;
    size_t root_length = strlen(root);
    if (found && root_length && !strncmp(found, root, root_length) && found[root_length] == '/')
        for (int i = 0; i < zone_total; i++)
            if (!strcmp(strrchr(found, '/') + 1, zones[i].folder)) zone = &zones[i];
    free(found);
    return zone;
}

static int open_counter(zone_t *z, int flags) {
    struct stat made;
    int code = fails(z, 1);
    if (!code && (flags & O_ACCMODE) != O_RDONLY) code = EACCES;
    if (code) { errno = code; return -1; }
    int handle = memfd_create("energy_uj", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (handle >= MAX_FILES) { close(handle); errno = EMFILE; return -1; }
    if (handle >= 0) {
        pthread_mutex_lock(&curves_lock);
        refresh(&z->power);
        show(z, handle); /* for readers that do not come through here: a shell that inherits the file */
        pthread_mutex_unlock(&curves_lock);
        files[handle].zone = fstat(handle, &made) ? NULL : z;
        files[handle].number = made.st_ino;
    }
    return handle;
}

/* A read at offset 0 finds the counter of this moment; -1 and errno where it fails. */
static int answer(int handle, off_t at) {
    struct stat now;
    zone_t *z = handle >= 0 && handle < MAX_FILES ? files[handle].zone : NULL;
    if (!z) return 0;
    if (fstat(handle, &now) || now.st_ino != files[handle].number) { /* closed past this library, and reused */
        files[handle].zone = NULL;
        return 0;
    }
    const fault_t *stall = active(&z->stalls, now_s());
    if (stall) usleep((useconds_t)(stall->value * 1e3));
    int code = fails(z, 0);
    if (code) { errno = code; return -1; }
    if (at < 0) at = lseek(handle, 0, SEEK_CUR);
    if (at == 0) {
        pthread_mutex_lock(&curves_lock);
        refresh(&z->power);
        show(z, handle);
        pthread_mutex_unlock(&curves_lock);
    }
    return 0;
}

/* The system's own calls, and those that take their place. */

#define SYSTEM(name) __extension__({ \
    static __typeof__(&name) found_; \
    if (!found_) found_ = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    found_; })

#define MODE(flags) mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    zone_t *z = zone_of(AT_FDCWD, path);
    return z ? open_counter(z, flags) : SYSTEM(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags)
    zone_t *z = zone_of(AT_FDCWD, path);
    return z ? open_counter(z, flags) : SYSTEM(open64)(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    zone_t *z = zone_of(folder, path);
    return z ? open_counter(z, flags) : SYSTEM(openat)(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags)
    zone_t *z = zone_of(folder, path);
    return z ? open_counter(z, flags) : SYSTEM(openat64)(folder, path, flags, mode);
}

/* what fortified programs call in their place when there is no mode */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char *path, int flags) { return openat64(folder, path, flags); }

ssize_t read(int handle, void *out, size_t size) {
    return answer(handle, -1) ? -1 : SYSTEM(read)(handle, out, size);
}
ssize_t readv(int handle, const struct iovec *parts, int count) {
    return answer(handle, -1) ? -1 : SYSTEM(readv)(handle, parts, count);
}
ssize_t pread(int handle, void *out, size_t size, off_t at) {
    return answer(handle, at) ? -1 : SYSTEM(pread)(handle, out, size, at);
}
ssize_t pread64(int handle, void *out, size_t size, off64_t at) {
    return answer(handle, (off_t)at) ? -1 : SYSTEM(pread64)(handle, out, size, at);
}
int close(int handle) {
    if (handle >= 0 && handle < MAX_FILES) files[handle].zone = NULL;
    return SYSTEM(close)(handle);
}
