# bash completion for bgrun

# The verb that an alias stands for; any other word is printed as it is.
_bgrun_meant() {
    case $1 in
    # MEANT
    *) printf '%s\n' "$1" ;;
    esac
}

_bgrun_flags() {
    case $1 in
    # OFFERED
    *) ;;
    esac
}

# What completes the value of a flag: _bgrun_value 'VERB FLAG'.
_bgrun_value() {
    case $1 in
    # VALUES
    *) ;;
    esac
}

_bgrun_verbs() {
    bgrun --list-verbs 2>/dev/null
}

_bgrun_aliases() {
    local alias
    # ALIASES
    for alias in $aliases; do
        if _bgrun_verbs | grep -qxF -- "$(_bgrun_meant "$alias")"; then
            printf '%s\n' "$alias"
        fi
    done
}

_bgrun_processes() {
    bgrun ls --quiet 2>/dev/null
}

# Takes from stdin the lines that begin with what is typed. A name may contain blanks.
_bgrun_reply() {
    local typed=$1 candidate
    typed=${typed#[\"\']}
    while IFS= read -r candidate; do
        [[ $candidate == "$typed"* ]] || continue
        if [[ $typed == "$1" ]]; then
            printf -v candidate %q "$candidate"
        fi
        COMPREPLY+=("$candidate")
    done
}

_bgrun_complete() {
    local kind=$1 current=$2
    case $kind in
    processes) _bgrun_reply "$current" < <(_bgrun_processes) ;;
    # Readline itself quotes file names best.
    files) compopt -o default 2>/dev/null ;;
    directories) compopt -o dirnames 2>/dev/null ;;
    choices\ *) _bgrun_reply "$current" < <(printf '%s\n' ${kind#choices }) ;;
    esac
}

# What stands behind `--` is another command with a completion of its own.
_bgrun_command() {
    local first=$1 current=$2
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$first"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$first"
    elif ((COMP_CWORD == first)); then
        _bgrun_reply "$current" < <(compgen -c -- "$current")
    else
        _bgrun_complete files "$current"
    fi
}

_bgrun() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local verb='' flag kind index
    COMPREPLY=()

    for ((index = 1; index < COMP_CWORD; index++)); do
        if [[ ${COMP_WORDS[index]} == -- ]]; then
            _bgrun_command $((index + 1)) "$current"
            return
        fi
        if [[ -z $verb && ${COMP_WORDS[index]} != -* ]]; then
            verb=$(_bgrun_meant "${COMP_WORDS[index]}")
        fi
    done

    if [[ -z $verb ]]; then
        if [[ $current == -* ]]; then
            _bgrun_reply "$current" < <(printf '%s\n' --help --version --list-verbs --json)
        else
            _bgrun_reply "$current" < <(_bgrun_verbs; _bgrun_aliases; echo help; _bgrun_processes)
        fi
        return
    fi
    if [[ $verb == help ]]; then
        _bgrun_reply "$current" < <(_bgrun_verbs)
        return
    fi

    # bash makes `--flag=value` three words.
    if [[ $current == = ]]; then
        flag=$previous= current=
    elif [[ $previous == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD - 2]}=
    else
        flag=$previous
    fi
    kind=$(_bgrun_value "$verb $flag")
    if [[ -n $kind ]]; then
        _bgrun_complete "$kind" "$current"
    elif [[ $current == -* ]]; then
        # Behind the name of a process stand the flags of its details.
        [[ -n $(_bgrun_flags "$verb") ]] || verb=ls
        _bgrun_reply "$current" < <(printf '%s\n' $(_bgrun_flags "$verb"))
    elif [[ -n $(_bgrun_flags "$verb") ]]; then
        _bgrun_complete processes "$current"
    fi
}

complete -F _bgrun bgrun
