import { useQuery } from "@tanstack/react-query";
import { Link, useCanGoBack, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { call } from "@/api/queries";
import { useKeys } from "@/shared/keys";
import { Skeleton } from "@/shared/states";
import { remembered } from "@/shared/view";
import { CallHead } from "./CallHead";
import { CallMissing } from "./CallMissing";
import { CallView } from "./CallView";
import classes from "./call.module.css";

export function Call() {
  const { id: written } = useParams({ from: "/frame/calls/$id" });
  const id = /^\d{1,15}$/.test(written) && Number(written) > 0 ? Number(written) : null;
  useEffect(() => {
    document.title = `Call ${written} · Callscope`;
  }, [written]);
  useBack();
  if (id === null) {
    return (
      <div className={classes.page}>
        <h1 className="hidden">Call</h1>
        <CallMissing id={null} error={null} />
      </div>
    );
  }
  return <Known key={id} id={id} />;
}

function Known({ id }: { id: number }) {
  const { data, error, refetch } = useQuery(call(id));
  return (
    <div className={classes.page}>
      <nav aria-label="Where this is" className={classes.crumbs}>
        <ol>
          <li>
            <Link to="/calls" search={remembered()}>
              Calls
            </Link>
          </li>
          <li>{id}</li>
        </ol>
      </nav>
      {data || !error ? <CallHead id={id} call={data} /> : <h1 className="hidden">Call {id}</h1>}
      {data ? (
        <CallView call={data} />
      ) : error ? (
        <CallMissing id={id} error={error} retry={() => void refetch()} />
      ) : (
        <Skeleton height={480} />
      )}
    </div>
  );
}

/** Escape leads back to the list, as it was left. */
function useBack() {
  const router = useRouter();
  const navigate = useNavigate();
  const canGoBack = useCanGoBack();
  const run = () => {
    if (canGoBack) router.history.back();
    else void navigate({ to: "/calls", search: remembered() });
  };
  useKeys("Call", [{ keys: "Escape", label: "Back to the calls", run }]);
}
