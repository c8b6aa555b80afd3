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


def test_certificates_are_passed_on_and_programs_are_not() -> None:
    lines = apt.configuration("", DUMP).decode().splitlines()
    assert lines[-3:] == [
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Retries "5";',
        'Acquire::https::CaInfo "/etc/ssl/certs/corporate.pem";',
    ]
    assert 'APT::Sandbox::User "root";' in lines


def test_apts_proxies_are_those_of_the_way_out() -> None:
    assert apt.proxies(DUMP) == {"http": "http://user:pw@proxy.example:3142", "https": "http://127.0.0.1:3142"}
    assert apt.proxies('Acquire::http::Proxy "DIRECT";') == {}


def test_a_mirror_replaces_the_images_own_sources() -> None:
    lines = apt.configuration("http://mirror.example/debian", "").decode().splitlines()
    assert lines[-2:] == [f'Dir::Etc::SourceList "{apt.SOURCES}";', 'Dir::Etc::SourceParts "/dev/null";']


def test_only_the_sources_hosts_are_reached() -> None:
    sources = (
        "deb [signed-by=/usr/share/x.gpg] http://one.example/debian bookworm main\nURIs: https://two.example:8443/d\n"
    )
    allowed = apt.destinations(sources)
    assert "one.example:80" in allowed and "two.example:8443" in allowed and "two.example:443" not in allowed
