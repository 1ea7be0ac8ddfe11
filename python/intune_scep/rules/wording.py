"""What the certificates of a SCEP profile say and whom they are for: what a verdict rests on.

Profiles that say the same share one `Wording`, so that it is taken apart and judged once for all
of them. It holds nothing else of a profile, so that nothing else can get into what is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from intune_scep.memory import once
from intune_scep.profiles import CertificateType, Flags, Platform
from intune_scep.profiles.vocabulary import Texts
from intune_scep.rules.places import LEGACY_SAN, SANS, SUBJECT, Place, Used, read_place

if TYPE_CHECKING:
    from intune_scep.profiles import ProfileType, ScepProfile
    from intune_scep.rules.distinguished_name import Part

_T = TypeVar("_T")

CLIENT_AUTHENTICATION: Final = "1.3.6.1.5.5.7.3.2"
SMART_CARD_LOGON: Final = "1.3.6.1.4.1.311.20.2.2"
SECURE_EMAIL: Final = "1.3.6.1.5.5.7.3.4"
ANY_PURPOSE: Final = frozenset({"2.5.29.37.0", "1.3.6.1.4.1.311.10.12.1"})
LOGON_USAGES: Final = ANY_PURPOSE | {CLIENT_AUTHENTICATION, SMART_CARD_LOGON}

_USAGES: Final = "extendedKeyUsages"
_STORE: Final = "certificateStore"
_LEGACY_SAN_TYPE: Final = "subjectAlternativeNameType"
_FIELDS: Final = (
    "subject_name_format_string",
    "subject_alternative_name_format_string",
    "subject_alternative_name_type",
    "certificate_store",
)
_NO_LEGACY_SAN: Final = frozenset({"none", ""})
_MOST: Final = 4096
_LONGEST: Final = 4000


@dataclass(frozen=True, eq=False)
class Wording:
    """The texts of a profile's certificates; each answer about them is worked out once.

    Attributes:
        profile_type: The registry's row.
        certificate_type: User or device; None where the profile does not say.
        subject_text: The subject name format; empty if there is none.
        legacy_san_text: The legacy format of the subject alternative name; empty if not set.
        legacy_san_type: Its type as on the wire; None if not set.
        names: `sanType` and value of each subject alternative name.
        purposes: Name and object identifier of each extended key usage.
        malformed: Wire names of those of these properties that have an unexpected JSON type.
        names_sent: Whether there is a list of subject alternative names, a null one too.
    """

    profile_type: ProfileType
    certificate_type: CertificateType | None
    subject_text: str
    legacy_san_text: str
    legacy_san_type: str | None
    names: Texts
    purposes: Texts
    malformed: tuple[str, ...]
    names_sent: bool
    _made: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def make(self, work: Callable[[Wording], _T]) -> _T:
        """What a pure function makes of it, worked out once and kept with it."""
        if work not in self._made:
            self._made[work] = work(self)
        made: _T = self._made[work]
        return made

    @once
    def is_user(self) -> bool:
        """Whether it is of certificates for users."""
        return self.certificate_type is CertificateType.USER

    @once
    def is_device(self) -> bool:
        """Whether it is of certificates for devices."""
        return self.certificate_type is CertificateType.DEVICE

    @once
    def subject(self) -> Place:
        """The subject name format; an empty text if there is none."""
        return read_place(SUBJECT, self.subject_text)

    @once
    def subject_parts(self) -> tuple[Part, ...]:
        """The attributes of the subject; none if it is empty."""
        return self.subject.parts

    @once
    def sans(self) -> tuple[Place, ...]:
        """The subject alternative names; those without a value have an empty text."""
        return tuple([read_place(SANS, name or "", kind) for kind, name in self.names])

    @once
    def legacy_san(self) -> Place | None:
        """The legacy format of the subject alternative name, if it is set."""
        return read_place(LEGACY_SAN, self.legacy_san_text) if self.legacy_san_text else None

    @once
    def legacy_san_types(self) -> frozenset[str]:
        """Members of the legacy SAN type, `none` left out."""
        return Flags(self.legacy_san_type or "").members - _NO_LEGACY_SAN

    @once
    def alternative_names(self) -> tuple[Place, ...]:
        """The subject alternative names and the legacy format."""
        return self.sans if self.legacy_san is None else (*self.sans, self.legacy_san)

    @once
    def places(self) -> tuple[Place, ...]:
        """Every text that ends up in the certificate."""
        return (self.subject, *self.alternative_names)

    @once
    def all_used(self) -> tuple[tuple[Place, Used], ...]:
        """Every use of a variable, with its place."""
        return tuple((place, variable) for place in self.places for variable in place.variables)

    def used(self, folded: Container[str]) -> Iterator[tuple[Place, Used]]:
        """Yield every use of some variables.

        Args:
            folded: Their names without letter case.
        """
        return ((place, used) for place, used in self.all_used if used.folded in folded)

    @once
    def sid_uris(self) -> tuple[Place, ...]:
        """The SID URIs."""
        return tuple([san for san in self.sans if san.is_sid_uri])

    @once
    def misuses_sid(self) -> bool:
        """Whether the SID variable stands where it does not work, or a literal SID is there."""
        return any(place.sid.has_literal_sid or place.misuses_sid for place in self.places)

    @once
    def usages(self) -> tuple[str, ...]:
        """Object identifiers of the extended key usages; empty ones stay."""
        return tuple([(identifier or "").strip() for _, identifier in self.purposes])

    @once
    def logs_on(self) -> bool:
        """Whether the certificates can log on to Active Directory."""
        return not self.usages or not LOGON_USAGES.isdisjoint(self.usages)

    @once
    def is_device_off_windows(self) -> bool:
        """Whether it is of certificates for devices that have no SID Intune could resolve."""
        return self.is_device and self.profile_type.platform is not Platform.WINDOWS


def wording_of(profile: ScepProfile) -> Wording:
    """What the certificates of a profile say; the same object for profiles that say the same."""
    subject, legacy_san, legacy_type, store = profile.values_of(_FIELDS)
    names = profile.texts_of("custom_subject_alternative_names")
    purposes = profile.texts_of("extended_key_usages")
    wire = profile.wire
    read = ((SANS, names), (_USAGES, purposes), (_STORE, store), (_LEGACY_SAN_TYPE, legacy_type))
    key = (
        profile.profile_type.name,
        profile.certificate_type,
        subject or "",
        legacy_san or "",
        None if legacy_type is None else legacy_type.wire,
        names or (),
        purposes or (),
        tuple([name for name, found in read if found is None and wire.get(name) is not None]),
        SANS in wire,
    )
    return _SHARED.get(key) or _make(profile.profile_type, key)


_Key = tuple[str, CertificateType | None, str, str, str | None, Texts, Texts, tuple[str, ...], bool]
_SHARED: Final[dict[_Key, Wording]] = {}


def _make(profile_type: ProfileType, key: _Key) -> Wording:
    """Make a wording and share it, unless it is long: others must not fill the memory."""
    wording = Wording(profile_type, *key[1:])
    texts = [wording.subject_text, wording.legacy_san_text, wording.legacy_san_type or ""]
    for row in (*wording.names, *wording.purposes):
        texts += filter(None, row)
    if len("".join(texts)) <= _LONGEST:
        if len(_SHARED) >= _MOST:
            _SHARED.clear()
        _SHARED[key] = wording
    return wording
