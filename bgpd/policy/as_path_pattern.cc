// AS path patterns: parsed into a small program, run by moving the set of all positions that are possible at once.
#include "bgpd/policy/policy.h"

#include <charconv>
#include <cstddef>
#include <limits>
#include <utility>

namespace tw::bgp {

namespace {

constexpr std::size_t kMaxText = 4096;  // octets of one pattern
constexpr int kMaxNesting = 32;         // of parentheses

using Position = std::uint32_t;  // an index into the program

struct Step {
  enum class Kind : std::uint8_t {
    kElement,  // one AS between low and high, then go on at the next step
    kSplit,    // go on at both `first` and `second`
    kEnd,      // the pattern is used up
  } kind = Kind::kEnd;
  std::uint32_t low = 0, high = 0;
  Position first = 0, second = 0;
};

}  // namespace

struct AsPathPattern::Parsed {
  std::vector<Step> program;
};

namespace {

std::string meaningless(char c) {
  const bool printable = c > ' ' && c < 0x7F;
  return (printable ? std::string("'") + c + "'" : std::string("this")) +
         " means nothing in a pattern; it is made of AS numbers, ranges, '.', '*', '(', '|' and ')'";
}

// Recursive descent; emits steps as it reads.
class PatternParser {
 public:
  PatternParser(std::string_view text, std::string& error) : rest_(text), error_(error) {}

  bool parse(std::vector<Step>& program) {
    program_ = &program;
    if (!alternatives(0)) return false;
    if (!rest_.empty()) return fail("')' without '('");
    emit({Step::Kind::kEnd});
    return true;
  }

 private:
  // sequence ( '|' sequence )*
  bool alternatives(int nesting) {
    if (nesting > kMaxNesting) return fail("parentheses are nested too deeply");
    std::vector<Position> ends;  // steps that skip the remaining alternatives
    for (;;) {
      const Position choice = emit({Step::Kind::kSplit});
      (*program_)[choice].first = next();
      if (!sequence(nesting)) return false;
      const bool more = !rest_.empty() && rest_.front() == '|';
      if (more) {
        rest_.remove_prefix(1);
        ends.push_back(emit({Step::Kind::kSplit}));
      }
      (*program_)[choice].second = more ? next() : (*program_)[choice].first;
      if (!more) break;
    }
    for (const Position end : ends) (*program_)[end].first = (*program_)[end].second = next();
    return true;
  }

  bool sequence(int nesting) {
    for (skip_space(); !rest_.empty() && rest_.front() != '|' && rest_.front() != ')'; skip_space()) {
      if (!item(nesting)) return false;
    }
    return true;
  }

  bool item(int nesting) {
    const char c = rest_.front();
    if (c >= '0' && c <= '9') return numbers();
    rest_.remove_prefix(1);
    switch (c) {
      case '.': emit({Step::Kind::kElement, 0, std::numeric_limits<std::uint32_t>::max()}); return true;
      case '*': any_run(); return true;
      case '(':
        if (!alternatives(nesting + 1)) return false;
        if (rest_.empty()) return fail("'(' without ')'");
        rest_.remove_prefix(1);
        return true;
      case '^':
      case '$':
        return fail("a pattern always covers the whole path: leave '^' and '$' out, write '*' where more may stand");
      default: return fail(meaningless(c));
    }
  }

  bool numbers() {
    Step step{Step::Kind::kElement};
    if (!number(step.low)) return false;
    step.high = step.low;
    if (!rest_.empty() && rest_.front() == '-') {
      rest_.remove_prefix(1);
      if (!number(step.high)) return false;
      if (step.high < step.low) return fail("a range must run from the lower to the higher AS number");
    }
    if (!rest_.empty() && std::string_view(" \t|()").find(rest_.front()) == std::string_view::npos) {
      return fail("put a space between the elements of a pattern");
    }
    emit(step);
    return true;
  }

  bool number(std::uint32_t& value) {
    const auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (code != std::errc{}) return fail("an AS number runs from 0 to 4294967295");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }

  void any_run() {  // L: split L+1, L+3; any; split L, L
    const Position loop = emit({Step::Kind::kSplit});
    emit({Step::Kind::kElement, 0, std::numeric_limits<std::uint32_t>::max()});
    emit({Step::Kind::kSplit, 0, 0, loop, loop});
    (*program_)[loop].first = loop + 1;
    (*program_)[loop].second = next();
  }

  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  Position next() const { return static_cast<Position>(program_->size()); }
  Position emit(Step step) {
    program_->push_back(step);
    return next() - 1;
  }
  bool fail(std::string why) {
    error_ = std::move(why);
    return false;
  }

  std::string_view rest_;
  std::string& error_;
  std::vector<Step>* program_ = nullptr;
};

// The set of positions that are possible after what has been read.
class Positions {
 public:
  explicit Positions(const std::vector<Step>& program) : program_(program), seen_(program.size(), 0) {}

  void clear() {
    elements_.clear();
    ended_ = false;
    ++round_;
  }
  // Adds what can be reached from `start` without reading an element.
  void reach(Position start) {
    pending_.push_back(start);
    while (!pending_.empty()) {
      const Position at = pending_.back();
      pending_.pop_back();
      if (seen_[at] == round_) continue;
      seen_[at] = round_;
      const Step& step = program_[at];
      switch (step.kind) {
        case Step::Kind::kElement: elements_.push_back(at); break;
        case Step::Kind::kEnd: ended_ = true; break;
        case Step::Kind::kSplit:
          pending_.push_back(step.first);
          pending_.push_back(step.second);
          break;
      }
    }
  }
  const std::vector<Position>& elements() const { return elements_; }
  bool ended() const { return ended_; }

 private:
  const std::vector<Step>& program_;
  std::vector<std::size_t> seen_;  // round in which a position was last added
  std::size_t round_ = 0;
  std::vector<Position> elements_, pending_;
  bool ended_ = false;
};

// Reads one element of the path: any of `numbers`.
void advance(const std::vector<Step>& program, const Positions& from, Positions& to,
             std::span<const rib::AsNumber> numbers) {
  to.clear();
  for (const Position at : from.elements()) {
    const Step& step = program[at];
    for (const rib::AsNumber number : numbers) {
      if (number.value < step.low || number.value > step.high) continue;
      to.reach(at + 1);
      break;
    }
  }
}

}  // namespace

std::optional<AsPathPattern> AsPathPattern::parse(std::string_view text, std::string& error) {
  if (text.size() > kMaxText) {
    error = "the pattern is longer than " + std::to_string(kMaxText) + " characters";
    return std::nullopt;
  }
  auto parsed = std::make_shared<Parsed>();
  if (!PatternParser(text, error).parse(parsed->program)) return std::nullopt;
  AsPathPattern pattern;
  pattern.text_ = text;
  pattern.parsed_ = std::move(parsed);
  return pattern;
}

bool AsPathPattern::matches(const std::vector<AsPathSegment>& path) const {
  if (!parsed_) return path.empty();  // default constructed: the empty pattern
  const std::vector<Step>& program = parsed_->program;
  Positions even(program), odd(program);
  Positions *now = &even, *next = &odd;
  now->clear();
  now->reach(0);
  const auto read = [&](std::span<const rib::AsNumber> numbers) {
    advance(program, *now, *next, numbers);
    std::swap(now, next);
  };
  for (const AsPathSegment& segment : path) {
    switch (segment.type) {
      case SegmentType::kSet:
        if (!segment.numbers.empty()) read(segment.numbers);
        break;
      case SegmentType::kSequence:
        for (const rib::AsNumber& number : segment.numbers) read({&number, 1});
        break;
      case SegmentType::kConfedSequence:
      case SegmentType::kConfedSet: break;
    }
  }
  return now->ended();
}

}  // namespace tw::bgp
