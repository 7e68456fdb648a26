/// What teaches a shell to complete the program's words. The scripts know nothing of the commands: they ask the program,
/// which answers at once, and so never fall behind it.
enum CompletionScript: String {
    case bash, zsh, fish

    /// Asks for a script.
    static let option = "--generate-completion-script"
    /// Asks for completions of the last word that follows. The exit status is 0 where they are all there are, and 1
    /// where the shell is to offer names of files.
    static let request = "---completion"

    func text(program: String) -> String {
        switch self {
        case .bash:
            // Readline takes what stands behind a colon or an equals sign for a word of its own and replaces only that.
            return """
                _\(program)() {
                    local line="${COMP_LINE:0:COMP_POINT}" words word before answers answer
                    read -ra words <<< "$line"
                    [[ "$line" == *[[:space:]] ]] && words+=("")
                    word="${words[-1]}"
                    before="${word%"${word##*[:=]}"}"
                    COMPREPLY=()
                    if answers="$("${words[0]}" \(Self.request) "${words[@]:1}" 2> /dev/null)"; then
                        while IFS=$'\\t' read -r answer _; do
                            [[ -n "$answer" ]] && COMPREPLY+=("${answer#"$before"}")
                        done <<< "$answers"
                    else
                        compopt -o filenames
                        mapfile -t COMPREPLY < <(compgen -f -- "${word##*[:=]}")
                    fi
                }
                complete -F _\(program) \(program)
                """
        case .zsh:
            return """
                #compdef \(program)
                _\(program)() {
                    local answers line name
                    local -a names
                    if answers="$("${(Q)words[1]}" \(Self.request) "${(@Q)words[2,CURRENT]}" 2> /dev/null)"; then
                        for line in "${(@f)answers}"; do
                            name="${${line%%$'\\t'*}//:/\\\\:}"
                            if [[ "$line" == *$'\\t'* ]]; then name+=":${line#*$'\\t'}"; fi
                            [[ -n "$name" ]] && names+=("$name")
                        done
                        _describe '\(program)' names
                    else
                        compset -P '--*='
                        _files
                    fi
                }
                if [[ "${funcstack[1]}" == _\(program) ]]; then _\(program) "$@"; else compdef _\(program) \(program); fi
                """
        case .fish:
            return """
                function __\(program)_complete
                    set -l words (commandline -opc)
                    if set -l answers ($words[1] \(Self.request) $words[2..-1] (commandline -ct) 2> /dev/null)
                        string join \\n -- $answers
                    else
                        set -l option (string match -r '^--[^=]*=' -- (commandline -ct))
                        for path in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- (commandline -ct)))
                            echo "$option$path"
                        end
                    end
                end
                complete -c \(program) -f -a '(__\(program)_complete)'
                """
        }
    }
}
