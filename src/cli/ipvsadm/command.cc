#include "cli/ipvsadm/command.h"

#include "cli/ipvsadm/options.h"
#include "cli/ipvsadm/parser.h"

namespace plenum::cli::ipvsadm {

Refusal try_help(std::string_view program) {
  const std::string name(program);
  return {.code = 255, .text = "Try `" + name + " -h' or '" + name + " --help' for more information.\n"};
}

tl::expected<Command, Refusal> parse_command(std::string_view program, const std::vector<std::string>& args,
                                             const Names& names) {
  using Status = OptionReader::Status;
  const auto usage = [](const std::string& complaint) { return tl::unexpected(Refusal{2, complaint + "\n", true}); };
  OptionReader reader(args);
  Parser parser(names);
  if (reader.next() != Status::Option || !parser.start(reader.tag())) return tl::unexpected(try_help(program));
  if (reader.argument())
    if (const auto complaint = parser.start_argument(reader.tag(), *reader.argument())) return usage(*complaint);
  if (reader.tag() == Tag::Help || reader.tag() == Tag::Version) return parser.command();

  Status status = reader.next();
  for (; status == Status::Option; status = reader.next())
    if (const auto complaint = parser.option(reader.tag(), reader.argument(), reader.bad_option()))
      return usage(*complaint);
  if (status != Status::End) {
    const std::string text = reader.bad_option() + ": " + std::string(OptionReader::text(status)) + "\n";
    return tl::unexpected(Refusal{.code = 255, .text = text, .exits = false});
  }
  if (const auto complaint = parser.leftovers(reader.leftovers())) return usage(*complaint);
  if (const auto complaint = parser.check()) return usage(*complaint);
  return parser.command();
}

}  // namespace plenum::cli::ipvsadm
