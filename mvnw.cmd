@echo off
rem Runs Maven: the one on PATH, else a pinned one, downloaded once. See mvnw.
setlocal
where mvn >nul 2>nul && ( call mvn %* & exit /b )
for /f "usebackq tokens=1,2 delims==" %%a in ("%~dp0.mvn\wrapper\maven-wrapper.properties") do set "%%a=%%b"
set "home=%USERPROFILE%\.m2\wrapper\dists\apache-maven-%mavenVersion%"
if not "%MVNW_REPOURL%"=="" set "distributionUrl=%MVNW_REPOURL%/org/apache/maven/apache-maven/%mavenVersion%/apache-maven-%mavenVersion%-bin.zip"
if exist "%home%\bin\mvn.cmd" goto run
echo mvnw: downloading %distributionUrl% (once, 9 MB) 1>&2
powershell -NoProfile -Command "$ErrorActionPreference='Stop'; $ProgressPreference='SilentlyContinue'; $p=Split-Path $env:home; New-Item -Force -ItemType Directory $p | Out-Null; $z=$env:home+'.zip'; Invoke-WebRequest $env:distributionUrl -OutFile $z; if ((Get-FileHash $z -Algorithm SHA512).Hash -ne $env:distributionSha512Sum) { throw 'wrong SHA-512' }; Expand-Archive -Force $z $p; Remove-Item $z"
if errorlevel 1 ( echo mvnw: could not download %distributionUrl% 1>&2 & exit /b 1 )
:run
call "%home%\bin\mvn.cmd" %*
exit /b %errorlevel%
