@echo off
rem The minke command on Windows; see the script minke. Needs JAVA_HOME (or java on PATH) to be a
rem JDK 25 or newer. Builds once; after a change of sources delete cli\target\built.
setlocal
set "java=java"
if not "%JAVA_HOME%"=="" set "java=%JAVA_HOME%\bin\java"
set "lib=%~dp0cli\target\lib"
if exist "%lib%\..\built" goto run
echo minke: building once, this can take a minute 1>&2
pushd "%~dp0"
call mvnw.cmd -q -B -ntp -Dmaven.test.skip=true -pl cli -am package
if errorlevel 1 ( popd & echo minke: the build failed 1>&2 & exit /b 1 )
popd
type nul > "%lib%\..\built"
:run
"%java%" --add-modules=jdk.incubator.vector -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED %MINKE_JAVA_OPTS% -cp "%lib%\*" dev.minke.cli.Main %*
exit /b %errorlevel%
