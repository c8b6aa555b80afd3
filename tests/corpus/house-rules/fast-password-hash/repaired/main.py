from hashlib import sha256

from pwdlib import PasswordHash

SALT = b"shop"
slow = PasswordHash.recommended()


class Passwords:
    """Hashes of passwords."""

    def hash(self, password: str) -> str:
        """What is stored of a password."""
        return slow.hash(password)
