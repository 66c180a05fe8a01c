#include "cli/ipvsadm/error_text.h"

#include <system_error>

namespace plenum::cli::ipvsadm {

namespace {

struct Row {
  Verb verb;
  std::errc code;
  const char* text;
};

constexpr Row kByCommand[] = {
    {Verb::AddService, std::errc::file_exists, "Service already exists"},
    {Verb::AddService, std::errc::no_such_file_or_directory, "Scheduler or persistence engine not found"},
    {Verb::EditService, std::errc::no_such_process, "No such service"},
    {Verb::EditService, std::errc::no_such_file_or_directory, "Scheduler or persistence engine not found"},
    {Verb::DeleteService, std::errc::no_such_process, "No such service"},
    {Verb::Zero, std::errc::no_such_process, "No such service"},
    {Verb::List, std::errc::no_such_process, "No such service"},
    {Verb::AddServer, std::errc::no_such_process, "Service not defined"},
    {Verb::AddServer, std::errc::file_exists, "Destination already exists"},
    {Verb::EditServer, std::errc::no_such_process, "Service not defined"},
    {Verb::EditServer, std::errc::no_such_file_or_directory, "No such destination"},
    {Verb::DeleteServer, std::errc::no_such_process, "Service not defined"},
    {Verb::DeleteServer, std::errc::no_such_file_or_directory, "No such destination"},
    {Verb::StartDaemon, std::errc::file_exists, "Daemon has already run"},
    {Verb::StopDaemon, std::errc::no_such_process, "No daemon is running"},
};

constexpr const char* kPermission = "Permission denied (you must be root)";

bool is_permission(const std::error_code& code) {
  return code == std::errc::permission_denied || code == std::errc::operation_not_permitted;
}

}  // namespace

std::string error_text(Verb verb, const Error& error) {
  for (const auto& row : kByCommand)
    if (row.verb == verb && error.code == row.code) return row.text;
  if (is_permission(error.code)) return kPermission;
  if (error.code == std::errc::invalid_argument)
    return "Invalid operation.  Possibly wrong module version, address not unicast, ...";
  for (const auto code : {std::errc::file_exists, std::errc::no_such_process, std::errc::no_such_file_or_directory,
                          std::errc::result_out_of_range})
    if (error.code == code) return error.code.message();
  return error.what;
}

std::string cannot_start(const Error& error) {
  if (is_permission(error.code))
    return "Can't initialize ipvs: " + std::string(kPermission) +
           "\nAre you sure that IP Virtual Server is built in the kernel or as module?\n";
  return "Can't initialize ipvs: " + error.what + "\nAre you sure that the service plenum-lbd is started?\n";
}

}  // namespace plenum::cli::ipvsadm
