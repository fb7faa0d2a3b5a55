# fish completion for bgrun

function __bgrun_processes
    bgrun ls --quiet 2>/dev/null
end

function __bgrun_verbs
    set -l installed (bgrun --list-verbs 2>/dev/null)
    for verb in $installed
        set -l what 'added by others'
        switch $verb
            # ABOUT
        end
        printf '%s\t%s\n' $verb $what
    end
    # ALIASES
    printf 'help\ttell all about a verb\n'
end

# The verb that is typed, also if another word stands for it.
function __bgrun_verb
    set -l words (commandline -opc)
    for word in $words[2..]
        string match -q -- '-*' $word; and continue
        switch $word
            # MEANT
            case '*'
                echo -- $word
        end
        return 0
    end
    return 1
end

function __bgrun_has_command
    contains -- -- (commandline -opc)
end

function __bgrun_is
    __bgrun_has_command; and return 1
    set -l verb (__bgrun_verb); and contains -- $verb $argv
end

function __bgrun_has_no_verb
    not __bgrun_has_command; and not __bgrun_verb >/dev/null
end

function __bgrun_is_at_a_process
    __bgrun_has_command; and return 1
    set -l verb (__bgrun_verb); and test $verb != help; and not contains -- $verb (bgrun --list-verbs 2>/dev/null)
end

# What stands behind `--` is another command with a completion of its own.
function __bgrun_command
    set -l words (commandline -opc)
    set -l first (math (contains -i -- -- $words) + 1)
    complete -C (string join ' ' -- (string escape -- $words[$first..]) (commandline -ct))
end

complete -c bgrun -f
complete -c bgrun -n __bgrun_has_command -a '(__bgrun_command)'
complete -c bgrun -n __bgrun_has_no_verb -a '(__bgrun_verbs)'
complete -c bgrun -n __bgrun_has_no_verb -a '(__bgrun_processes)' -d process
complete -c bgrun -n __bgrun_has_no_verb -s h -l help -d 'show the verbs that are installed'
complete -c bgrun -n __bgrun_has_no_verb -s v -l version -d 'show the version'
complete -c bgrun -n __bgrun_has_no_verb -l list-verbs -d 'print every verb that is installed'
complete -c bgrun -n __bgrun_is_at_a_process -l json -d 'print JSON'
complete -c bgrun -n '__bgrun_is help' -a '(__bgrun_verbs)'
# FLAGS
