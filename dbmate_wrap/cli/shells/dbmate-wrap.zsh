#compdef dbmate-wrap
# Completes dbmate-wrap in zsh 5 and newer.
_dbmate_wrap() {
    local -a lines values
    local line value
    lines=("${(@f)$("${${(Q)words[1]}/#\~/$HOME}" __complete words "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" \
        2>/dev/null </dev/null)}")
    case ${lines[1]} in
    files | folders)
        compset -P '--*='
        if [[ ${lines[1]} == files ]]; then _files; else _files -/; fi
        ;;
    values)
        for line in "${(@)lines[2,-1]}"; do
            value=${${line%%$'\t'*}//:/\\:}
            [[ $line == *$'\t'* ]] && value+=":${line#*$'\t'}"
            values+=("$value")
        done
        [[ ${#values} -eq 1 && ${lines[2]%%$'\t'*} == */ ]] && set -- -S ''
        _describe -V 'value' values "$@"
        ;;
    esac
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _dbmate_wrap "$@"
else
    if (( ! $+functions[compdef] )); then
        autoload -Uz compinit
        compinit
    fi
    compdef _dbmate_wrap dbmate-wrap
fi
