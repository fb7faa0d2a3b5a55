#compdef bgrun
# zsh completion for bgrun

_bgrun_processes() {
    local -a processes
    local expl
    processes=(${(f)"$(_call_program processes bgrun ls --quiet 2>/dev/null)"})
    _wanted processes expl process compadd -a processes
}

_bgrun_verbs() {
    local -A about=(
        # ABOUT
    )
    local -A aliases=(
        # ALIASES
    )
    local -a installed verbs
    local verb alias meaning
    installed=(${(f)"$(_call_program verbs bgrun --list-verbs 2>/dev/null)"})
    for verb in $installed; do
        verbs+=("$verb:${about[$verb]:-added by others}")
    done
    for alias meaning in ${(kv)aliases}; do
        (( ${installed[(Ie)${meaning%% *}]} )) && verbs+=("$alias:$meaning")
    done
    verbs+=('help:tell all about a verb')
    _describe -t verbs verb verbs
}

_bgrun_rest() {
    local end=${words[(i)--]}
    # What stands behind `--` is another command with a completion of its own.
    if (( end < CURRENT )); then
        words=("${(@)words[end + 1, -1]}")
        (( CURRENT -= end ))
        _normal
        return
    fi
    case $words[1] in
    # BRANCHES
    (help) _bgrun_verbs ;;
    (*) _arguments : '--json[print JSON]' ;;
    esac
}

_bgrun() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -C : \
        '(- *)'{-h,--help}'[show the verbs that are installed]' \
        '(- *)'{-v,-V,--version}'[show the version]' \
        '(- *)--list-verbs[print every verb that is installed]' \
        '1: :->first' \
        '*:: :->rest'
    case $state in
    (first) _alternative 'verbs:verb:_bgrun_verbs' 'processes:process:_bgrun_processes' ;;
    (rest) _bgrun_rest ;;
    esac
}

_bgrun "$@"
