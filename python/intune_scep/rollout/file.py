from datetime import date, timedelta
from pathlib import Path
import yaml
from intune_scep.rollout.model import *
from intune_scep.rollout.model import Gates
def _pct(v): return None if v is None else float(str(v).rstrip("%"))
def _gates(d):
    mf=d.get("max_failed")
    return Gates(_pct(d.get("reissued")),_pct(d.get("seen")),MaxFailed(_pct(mf.get("share")),mf.get("count")) if mf else None,timedelta(hours=float(str(d.get("soak","24h")).rstrip("h"))),d.get("soak_under_14h"),d.get("connector","none")=="healthy",d.get("approval","none")=="required",(d["command"],) if isinstance(d.get("command"),str) else tuple(d["command"]) if d.get("command") else None)
def load_rollout(path: Path) -> RolloutFile:
    d=yaml.safe_load(path.read_text()); g=d.get("gates",{})
    rings=tuple(Ring(r["name"],n,tuple(r.get("profiles",())),tuple(r.get("groups",())),r.get("rest",False),_gates({**g,**r.get("gates",{})})) for n,r in enumerate(d["rings"],1))
    bundles=tuple(Bundle(b["profile"],b["clone_name"],Dependants(b["dependants"]),Finish(b["finish"])) for b in d.get("bundles",()))
    fr=tuple(Freeze(*map(date.fromisoformat,f.split("/"))) for f in d.get("freeze",()))
    load=Load(int(str(d["load"]["per_scep_host"]).removesuffix("/h"))) if d.get("load") else None
    return RolloutFile(d["rollout"],Strategy(d["strategy"]),bundles,rings,load=load,freeze=fr,path=path)
