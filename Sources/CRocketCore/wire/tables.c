// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "wire/tables.h"

#include "base/decimal.h"
#include "base/slice.h"

typedef enum field_kind { I32, I64, BOOL, TEXT } field_kind;

typedef struct field_entry {
  const char *name;
  uint8_t size;
  uint8_t kind;
} field_entry;

static const field_entry fields[ROCKET_FIELD_COUNT] = {
#define ENTRY(name, wire, kind) {wire, sizeof wire - 1, kind},
    ROCKET_FIELD_MAP(ENTRY)
#undef ENTRY
};

typedef struct short_name {
  rocket_field field;
  char letter[2];
} short_name;

/* The letters run from "a" without a gap: a letter is also an index. */
static const short_name short_names[] = {
#define ENTRY(name, wire) {ROCKET_FIELD_##name, wire},
    ROCKET_SEND_V2_FIELDS(ENTRY, ENTRY)
#undef ENTRY
};
enum { SHORT_NAMES = sizeof short_names / sizeof short_names[0] };

/* The other direction: the letter, or 0. */
static const char letters[ROCKET_FIELD_COUNT] = {
#define ENTRY(name, wire) [ROCKET_FIELD_##name] = wire[0],
    ROCKET_SEND_V2_FIELDS(ENTRY, ENTRY)
#undef ENTRY
};

static const short_name *short_name_of(rocket_field field) {
  return field >= 0 && letters[field] ? &short_names[letters[field] - 'a'] : NULL;
}

/* Always inlined with a constant size: what remains of the table's walk is a comparison with the few names of that size. */
static inline __attribute__((always_inline)) rocket_field field_of_size(const uint8_t *at, size_t size) {
#define MATCH(name, wire, kind) \
  if (sizeof wire - 1 == size && memcmp(at, wire, sizeof wire - 1) == 0) return ROCKET_FIELD_##name;
  ROCKET_FIELD_MAP(MATCH)
#undef MATCH
  return ROCKET_FIELD_UNKNOWN;
}

static rocket_field field_of_name(rocket_slice name) {
  switch (name.size) {
#define SIZE(n) \
  case n: return field_of_size(name.data, n);
#define SIZES(n) SIZE(n) SIZE(n + 1) SIZE(n + 2) SIZE(n + 3) SIZE(n + 4) SIZE(n + 5) SIZE(n + 6) SIZE(n + 7)
    SIZES(1) SIZES(9) SIZES(17) SIZES(25)
#undef SIZES
#undef SIZE
  default: return ROCKET_FIELD_UNKNOWN;
  }
}
#define SHORT_ENOUGH(name, wire, kind) _Static_assert(sizeof wire - 1 <= 32, "field_of_name goes up to 32 bytes");
ROCKET_FIELD_MAP(SHORT_ENOUGH)
#undef SHORT_ENOUGH

rocket_field rocket_field_find(rocket_slice name) { return field_of_name(name); }

rocket_field rocket__field_of(int32_t code, rocket_slice name) {
  if (!rocket__has_short_names(code)) return field_of_name(name);
  if (name.size == 1) {
    unsigned index = name.data[0] - (unsigned)'a';
    return index < SHORT_NAMES ? short_names[index].field : ROCKET_FIELD_UNKNOWN;
  }
  rocket_field field = field_of_name(name);
  return short_name_of(field) ? ROCKET_FIELD_UNKNOWN : field;
}

rocket_slice rocket__field_wire_name(int32_t code, rocket_field field) {
  const short_name *brief = rocket__has_short_names(code) ? short_name_of(field) : NULL;
  if (brief) return rocket__slice(brief->letter, 1);
  return rocket__slice(fields[field].name, fields[field].size);
}

/* Requests: what each one needs. A list ends with ROCKET_FIELD_UNKNOWN. */
#define NEED(name, wire) ROCKET_FIELD_##name,
#define MAY(name, wire)
#define LIST(name, code, walk) static const int8_t needs_##name[] = {walk(NEED, MAY) ROCKET_FIELD_UNKNOWN};
ROCKET_REQUEST_MAP(LIST)
#undef LIST
#undef MAY
#undef NEED
_Static_assert(ROCKET_FIELD_COUNT <= INT8_MAX, "a field must fit the lists");

static const int8_t *needs_of(int32_t code) {
  switch (code) {
#define CASE(name, number, walk) \
  case number: return needs_##name;
    ROCKET_REQUEST_MAP(CASE)
#undef CASE
  default: return NULL;
  }
}

static int check_field(const rocket_command *command, rocket_field field) {
  int32_t narrow;
  int64_t wide;
  rocket_slice text;
  switch (fields[field].kind) {
  case I32: return rocket_command_get_i32(command, field, &narrow);
  case I64: return rocket_command_get_i64(command, field, &wide);
  default: return rocket_command_get(command, field, &text); /* any text is a boolean */
  }
}

int rocket_command_check_request(const rocket_command *command, rocket_field *missing) {
  const int8_t *need = (command->flag & ROCKET_FLAG_RESPONSE) ? NULL : needs_of(command->code);
  for (; need && *need != ROCKET_FIELD_UNKNOWN; need++) {
    int status = check_field(command, (rocket_field)*need);
    if (status == ROCKET_OK) continue;
    if (missing) *missing = (rocket_field)*need;
    return status;
  }
  return ROCKET_OK;
}

const char *rocket_request_name(int32_t code) {
  switch (code) {
#define CASE(name, number, walk) \
  case number: return #name;
    ROCKET_REQUEST_MAP(CASE)
#undef CASE
  default: return "UNKNOWN";
  }
}

const char *rocket_response_name(int32_t code) {
  switch (code) {
#define CASE(name, number) \
  case number: return #name;
    ROCKET_RESPONSE_MAP(CASE)
#undef CASE
  default: return "UNKNOWN";
  }
}

const char *rocket_field_name(rocket_field field) {
  return field >= 0 && field < ROCKET_FIELD_COUNT ? fields[field].name : "UNKNOWN";
}

/* Java: LanguageCode (5.x). */
static const char *const languages[] = {"JAVA", "CPP",  "DOTNET", "PYTHON", "DELPHI", "ERLANG", "RUBY",
                                        "OTHER", "HTTP", "GO",     "PHP",    "OMS",    "RUST",   "NODE_JS"};
enum { LANGUAGES = sizeof languages / sizeof languages[0] };

static bool same_word(rocket_slice text, const char *upper) {
  for (size_t i = 0; i < text.size; i++) {
    uint8_t c = text.data[i];
    if (c >= 'a' && c <= 'z') c = (uint8_t)(c - 'a' + 'A');
    if (c == 0 || c != (uint8_t)upper[i]) return false; /* never beyond the zero of `upper` */
  }
  return upper[text.size] == 0;
}

int32_t rocket__language_known(int64_t number) {
  return number >= 0 && number < LANGUAGES ? (int32_t)number : ROCKET__LANGUAGE_UNKNOWN;
}

int32_t rocket__language_of(rocket_slice name) {
  int64_t number;
  for (int32_t i = 0; i < LANGUAGES; i++)
    if (same_word(name, languages[i])) return i;
  return rocket__parse_i64(name, &number) ? rocket__language_known(number) : ROCKET__LANGUAGE_UNKNOWN;
}

rocket_slice rocket__language_name(int32_t language) {
  if (rocket__language_known(language) < 0) language = ROCKET__LANGUAGE_OTHER;
  return rocket_slice_of(languages[language]);
}
