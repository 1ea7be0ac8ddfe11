"""What the script of the preflight prints, made by hand: it was run nowhere here."""

CA = "A" * 40


def domain_controller(name="dc1.contoso.com", build=20348, **changes):
    counts = {"39": 0, "40": 0, "41": 0, "45": 0, "21": 0}
    counts |= {str(key): value for key, value in changes.pop("counts", {}).items()}
    return {
        "name": name,
        "operating_system": "Windows Server 2022 Standard",
        "operating_system_version": f"10.0 ({build})",
        "events": counts,
        "strong_certificate_binding_enforcement": None,
        "allow_ntauth_policy_bypass": None,
        "errors": [],
        **changes,
    }


def domain_answers(*controllers, **changes):
    return {
        "format": "intune-scep/domain-facts/1",
        "made_at": "2026-11-20T08:00:00Z",
        "days": 30,
        "domain_controllers": list(controllers) or [domain_controller()],
        "unread_domains": [],
        "ntauth": [{"subject": "CN=Contoso Issuing CA", "thumbprint": CA}],
        "errors": [],
        "accounts_with_explicit_mappings": {"strong": 0, "any": 0},
        **changes,
    }
