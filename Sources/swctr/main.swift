import Glibc
import SwctrCommands

exit(
    CommandLineEntry.refuseArgumentsThatAreNoText()
        ?? CommandLineEntry.run(Array(CommandLine.arguments.dropFirst())))
