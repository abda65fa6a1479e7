# shellcheck shell=bash
# Completes dbmate-wrap in bash 3.2 and newer.
_dbmate_wrap() {
    local line kind=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <("${1/#\~/$HOME}" __complete line "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null </dev/null)
    case $kind in
    files | folders)
        # bash 3.2 has no compopt: there a folder gets no slash.
        compopt -o filenames 2>/dev/null
        [[ $kind == files ]] && kind=f || kind=d
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen "-$kind" -- "$2")
        ;;
    values)
        if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
            compopt -o nospace 2>/dev/null
        fi
        ;;
    esac
    return 0
}
complete -F _dbmate_wrap dbmate-wrap
