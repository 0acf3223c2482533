# Sourced by minke, mvnw, check.sh and fmt.sh. Finds a JDK 25 or newer by reading `release` files
# only, because starting each candidate's JVM would cost more than the command that is wanted.

# jdk_read HOME: sets jdk_version ("25.0.3", empty if unreadable) and jdk_modules.
jdk_read() {
    jdk_version= jdk_modules=
    [ -x "$1/bin/java" ] || return 0
    if [ -r "$1/release" ]; then
        while IFS= read -r jdk_line || [ -n "$jdk_line" ]; do
            case $jdk_line in
                JAVA_VERSION=*) jdk_version=${jdk_line#*=} ;;
                MODULES=*) jdk_modules=${jdk_line#*=} ;;
            esac
        done <"$1/release"
        jdk_version=${jdk_version#\"} jdk_version=${jdk_version%%\"*}
    fi
    [ -n "$jdk_version" ] || jdk_version=$("$1/bin/java" -version 2>&1 |
        sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
}

# jdk_try HOME: succeeds, with `jdk` set, if HOME is a JDK 25 or newer; else remembers it in jdk_seen.
jdk_try() {
    [ -x "$1/bin/java" ] || return 1
    jdk_read "$1"
    case ${jdk_version%%[!0-9]*} in
        '' | ? | 1? | 2[0-4]) ;;
        *) if [ -x "$1/bin/javac" ]; then
            jdk=$1
            return 0
        fi
            jdk_version="$jdk_version without javac" ;;
    esac
    jdk_home=$(cd "$1" && pwd -P) # many names of one JDK are usual
    case $jdk_seen in
        *"($jdk_home)"*) ;;
        *) jdk_seen="${jdk_seen:+$jdk_seen, }${jdk_version:-unknown version} ($jdk_home)" ;;
    esac
    return 1
}

# jdk_find: sets jdk, jdk_version and jdk_modules, or says on one line why it cannot, and fails.
jdk_find() {
    jdk= jdk_seen=
    [ -z "${JAVA_HOME:-}" ] || ! jdk_try "$JAVA_HOME" || return 0
    jdk_on_path=$(command -v java 2>/dev/null) || jdk_on_path=
    if [ -n "$jdk_on_path" ]; then
        jdk_on_path=$(readlink -f "$jdk_on_path" 2>/dev/null || echo "$jdk_on_path")
        ! jdk_try "${jdk_on_path%/bin/java}" || return 0
    fi
    for jdk_folder in /usr/lib/jvm/* "${HOME:-/root}"/.sdkman/candidates/java/* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home \
        "${HOME:-/root}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
        "${HOME:-/root}"/.jdks/* /opt/* /opt/java/* /opt/homebrew/opt/openjdk*; do
        ! jdk_try "$jdk_folder" || return 0
    done
    echo "minke: needs a JDK 25 or newer, found ${jdk_seen:-no Java at all};" \
        "install one (for example from https://adoptium.net) or set JAVA_HOME to it" >&2
    return 1
}
