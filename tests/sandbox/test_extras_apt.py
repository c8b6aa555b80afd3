"""What the build container is told about reaching Debian's packages."""

from sandbox.extras import apt

DUMP = """
APT::Update::Post-Invoke "";
APT::Update::Post-Invoke:: "rm -rf /";
Acquire::Check-Valid-Until "false";
Acquire::Retries "5";
Acquire::http::Proxy "http://user:pw@proxy.example:3142";
Acquire::https::Proxy "http://127.0.0.1:3142";
Acquire::http::Proxy-Auto-Detect "/usr/local/bin/find-proxy";
Acquire::https::CaInfo "/etc/ssl/certs/corporate.pem";
Acquire::https::mirror.example::CaInfo "/root/secret.pem";
Acquire::https::SslKey "/root/key.pem";
Dir::Etc::SourceParts "sources.list.d";
"""


def test_proxies_and_certificates_are_passed_on_and_programs_are_not() -> None:
    lines = apt.configuration("", DUMP).decode().splitlines()
    assert lines[-4:] == [
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Retries "5";',
        'Acquire::http::Proxy "http://user:pw@proxy.example:3142";',
        'Acquire::https::CaInfo "/etc/ssl/certs/corporate.pem";',
    ]
    assert 'APT::Sandbox::User "root";' in lines


def test_a_mirror_replaces_the_images_own_sources() -> None:
    lines = apt.configuration("http://mirror.example/debian", "").decode().splitlines()
    assert lines[-2:] == [f'Dir::Etc::SourceList "{apt.SOURCES}";', 'Dir::Etc::SourceParts "/dev/null";']
