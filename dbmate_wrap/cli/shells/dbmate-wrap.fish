# Completes dbmate-wrap in fish 3.2 and newer.
function __dbmate_wrap_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l lines ($program __complete words $words[2..-1] "$token" 2>/dev/null </dev/null)
    set -l option (string match -r -- '^--[^=]*=' "$token")
    set -l path (string replace -- "$option" '' "$token")
    switch "$lines[1]"
        case files
            string join \n -- "$option"(__fish_complete_path "$path")
        case folders
            string join \n -- "$option"(__fish_complete_directories "$path")
        case values
            test (count $lines) -gt 1 && string join \n -- $lines[2..-1]
    end
end
complete --command dbmate-wrap --no-files --arguments '(__dbmate_wrap_complete)'
