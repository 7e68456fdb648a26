import Glibc
import SwctrCommands

exit(CommandLineEntry.run(Array(CommandLine.arguments.dropFirst())))
